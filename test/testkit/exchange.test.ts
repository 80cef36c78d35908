import { describe, expect, it } from 'vitest';
import {
  type BodyMode,
  createEnvoyDouble,
  type EnvoyDoubleOptions,
  headerValue,
  inProcess,
} from '../../src/testkit/index.ts';
import { goodServer, judge } from './support/good-server.ts';
import { scripted } from './support/scripted-server.ts';

const MODES: readonly BodyMode[] = ['BUFFERED', 'STREAMED', 'FULL_DUPLEX_STREAMED'];
const COMBINATIONS = MODES.flatMap((requestBody) =>
  MODES.map((responseBody) => ({ requestBody, responseBody })),
);

describe.each(COMBINATIONS)('a good server, $requestBody and $responseBody', (modes) => {
  const envoy = createEnvoyDouble({ ...modes, server: inProcess(goodServer(judge)) });
  const large = `${'é\u0000'.repeat(50_000)}priority${'z'.repeat(100_000)}`;

  it.each([
    ['one read', large],
    ['pieces', ['{"tier":"prio', 'rity"', '}']],
    ['an empty piece', ['', 'priority']],
    ['binary', new Uint8Array([0, 255, 128, 10, 13])],
  ])('edits a body of %s byte for byte', async (_name, body) => {
    const whole = Buffer.concat([body].flat().map((piece) => Buffer.from(piece as string)));
    const wanted = Buffer.from(whole.toString('latin1').replaceAll('priority', 'default'), 'latin1');
    for (const contentLength of [true, false]) {
      for (const protocol of ['HTTP/1.1', 'HTTP/2'] as const) {
        const { upstream, client } = await envoy.exchange({
          body,
          contentLength,
          protocol,
          response: { status: 201, body: [large, 'end'] },
        });
        expect(upstream.body.equals(wanted)).toBe(true);
        expect(upstream.complete).toBe(true);
        expect([client.status, client.text === `${large}end`]).toEqual([201, true]);
      }
    }
  });

  it('denies a body before the upstream sees any of it', async () => {
    const { upstream, client } = await envoy.exchange({ body: ['forb', 'idden'] });
    expect([client.status, client.text, client.origin]).toEqual([403, '{"denied":true}', 'server']);
    expect(upstream.body.length).toBe(0);
    expect(upstream.contact).toBe(modes.requestBody === 'STREAMED' ? 'early' : 'never');
  });
});

describe('the result of an exchange', () => {
  it('tells whose answer the client got', async () => {
    const server = inProcess(scripted({ request_headers: { grpc: 14 } }));
    const failed = await createEnvoyDouble({ server, requestBody: 'BUFFERED' }).exchange({ body: 'b' });
    expect([failed.client.origin, failed.client.status, failed.bypassed]).toEqual(['envoy', 500, false]);
    expect(failed.serverStatus).toEqual({ code: 14, details: 'scripted end' });

    const passed = await createEnvoyDouble({ server: inProcess(scripted({})) }).exchange({ body: 'b' });
    expect([passed.client.origin, passed.client.status, passed.details]).toEqual([
      'upstream',
      200,
      undefined,
    ]);
  });

  it('tells that an exchange went on unseen', async () => {
    const server = inProcess(scripted({ request_headers: { grpc: 14 } }));
    const envoy = createEnvoyDouble({ server, requestBody: 'BUFFERED', failureModeAllow: true });
    const { bypassed, upstream } = await envoy.exchange({ body: 'unseen' });
    expect([bypassed, upstream.text]).toEqual([true, 'unseen']);
  });

  it('holds the messages in their order, and opens no stream where nothing is sent', async () => {
    const server = inProcess(scripted({}));
    const { messages } = await createEnvoyDouble({ server, requestBody: 'BUFFERED' }).exchange({ body: 'b' });
    expect(messages.map(({ from, message }) => `${from} ${Object.keys(message)[0]}`)).toEqual([
      'envoy requestHeaders',
      'server requestHeaders',
      'envoy requestBody',
      'server requestBody',
      'envoy responseHeaders',
      'server responseHeaders',
    ]);
    const silent = { requestHeaders: 'SKIP', responseHeaders: 'SKIP' } as const;
    const unasked = await createEnvoyDouble({ server, ...silent }).exchange({ body: 'b' });
    expect([unasked.messages, unasked.serverStatus]).toEqual([[], undefined]);
  });

  it('gives header values by name, and bytes as they are', async () => {
    const server = inProcess(scripted({}));
    const { upstream, client } = await createEnvoyDouble({ server }).exchange({
      headers: { 'X-Odd': 'caf\u00e9' },
      response: { headers: { 'X-Up': '1' } },
    });
    expect(headerValue(upstream.headers, 'x-odd')).toBe('caf\u00e9');
    expect(headerValue(client.headers, 'X-UP')).toBe('1');
    expect(headerValue(client.headers, ':status')).toBeUndefined();
  });

  it('runs many exchanges at once, each with its own stream', async () => {
    const envoy = createEnvoyDouble({ server: inProcess(goodServer(judge)), requestBody: 'STREAMED' });
    const runs = Array.from({ length: 50 }, (_, index) =>
      envoy.exchange({ body: [`${index} `, 'priority'] }),
    );
    const texts = (await Promise.all(runs)).map(({ upstream }) => upstream.text);
    expect(texts).toEqual(runs.map((_, index) => `${index} default`));
  });
});

describe('options that Envoy refuses', () => {
  const server = inProcess(scripted({}));
  it.each<[string, Omit<EnvoyDoubleOptions, 'server'>, string]>([
    [
      'full duplex without trailers',
      { requestBody: 'FULL_DUPLEX_STREAMED', requestTrailers: 'SKIP' },
      'requestTrailers',
    ],
    [
      'full duplex answers without trailers',
      { responseBody: 'FULL_DUPLEX_STREAMED', responseTrailers: 'SKIP' },
      'responseTrailers',
    ],
    ['observability with buffers', { requestBody: 'BUFFERED', observability: true }, 'requestBody'],
  ])('%s', (_name, options, named) => {
    expect(() => createEnvoyDouble({ ...options, server })).toThrow(named);
  });
});

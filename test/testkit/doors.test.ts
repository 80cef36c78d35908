import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createEnvoyDouble,
  type EnvoyDouble,
  type FilterOptions,
  grpcConnector,
  inProcess,
  inProcessBytes,
  type ServerHandler,
  type ViolationCode,
  ViolationError,
} from '../../src/testkit/index.ts';
import { processMethod } from '../../src/testkit/proto.ts';
import { DENIED, goodServer, judge, keep } from './support/good-server.ts';
import { type GrpcServer, startGrpcServer } from './support/grpc-server.ts';
import { scripted } from './support/scripted-server.ts';

describe('a real gRPC server', () => {
  let server: GrpcServer;
  let handler: ServerHandler = scripted({});
  const opened: EnvoyDouble[] = [];
  const double = (options: FilterOptions): EnvoyDouble => {
    const envoy = createEnvoyDouble({ ...options, server: `127.0.0.1:${server.port}` });
    opened.push(envoy);
    return envoy;
  };
  beforeAll(async () => {
    server = await startGrpcServer((metadata) => (metadata.get('x-handler') === 'deny' ? deny : handler));
  });
  afterAll(() => {
    for (const envoy of opened) envoy.close();
    server.stop();
  });
  const deny = scripted({ request_headers: DENIED });

  it.each(['BUFFERED', 'STREAMED', 'FULL_DUPLEX_STREAMED'] as const)(
    'that keeps the rules passes in %s',
    async (requestBody) => {
      handler = goodServer(judge);
      const envoy = double({ requestBody, responseBody: 'FULL_DUPLEX_STREAMED' });
      const large = 'priority,'.repeat(100_000);
      const { upstream, client, serverStatus } = await envoy.exchange({
        body: large,
        response: { body: large },
      });
      expect(upstream.body.equals(Buffer.from('default,'.repeat(100_000)))).toBe(true);
      expect(client.text === large).toBe(true);
      expect(serverStatus).toEqual({ code: 0, details: expect.any(String) });
      const denied = await envoy.exchange({ body: ['forb', 'idden'] });
      expect([denied.client.status, denied.details]).toEqual([403, 'good_denied_by_rule']);
    },
  );

  const breaches: [ViolationCode, FilterOptions, ServerHandler][] = [
    ['empty_reply', { requestBody: 'BUFFERED' }, scripted({ request_headers: {} })],
    [
      'second_reply',
      { requestBody: 'BUFFERED' },
      scripted({ request_body: [{ requestBody: {} }, { requestBody: {} }] }),
    ],
    [
      'content_length_missing',
      { requestBody: 'BUFFERED' },
      scripted({ request_body: { requestBody: { response: { bodyMutation: { clearBody: true } } } } }),
    ],
    ['plain_body_reply_in_duplex', { requestBody: 'FULL_DUPLEX_STREAMED' }, scripted({})],
    ['ended_ok_early', { requestBody: 'BUFFERED' }, scripted({ request_headers: { grpc: 0 } })],
    ['reply_after_immediate_response', {}, scripted({ request_headers: [DENIED, { requestHeaders: {} }] })],
    ['no_reply', { requestBody: 'BUFFERED', messageTimeout: 100 }, scripted({ request_body: undefined })],
  ];
  it.each(breaches)('that breaks %s fails the run', async (code, options, bad) => {
    handler = bad;
    const error: unknown = await double(options)
      .exchange({ body: 'abc' })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ViolationError);
    expect((error as ViolationError).violations.map((violation) => violation.code)).toContain(code);
  });

  it('that ends with OK right after its last reply fails the run', async () => {
    handler = (stream) => ({
      message(message) {
        stream.send(keep(message));
        if (message.requestBody) stream.end();
      },
    });
    const envoy = double({ requestBody: 'BUFFERED', responseHeaders: 'SKIP' });
    await expect(envoy.exchange({ body: 'abc' })).rejects.toThrow('ended_ok_early');
  });

  it('gets the initial metadata of the route', async () => {
    const { client } = await double({ initialMetadata: { 'x-handler': 'deny' } }).exchange({});
    expect(client.status).toBe(403);
  });

  it('has no call left open after an exchange', async () => {
    handler = goodServer(judge);
    await double({ requestBody: 'BUFFERED' }).exchange({ body: 'abc' });
    await expect.poll(() => server.open()).toBe(0);
  });

  it('that is not there is an error of Envoy', async () => {
    const envoy = createEnvoyDouble({ server: grpcConnector('127.0.0.1:1'), requestBody: 'BUFFERED' });
    const { client, details } = await envoy.exchange({ body: 'abc' });
    expect([client.status, client.origin]).toEqual([500, 'envoy']);
    expect(details).toContain('ext_proc_error_gRPC_error_14');
    envoy.close();
  });
});

describe('a handler in the same process', () => {
  it('gets messages as they come from the wire', async () => {
    const seen: unknown[] = [];
    const server = inProcess((stream) => ({
      message(message) {
        seen.push(message.protocolConfig?.requestBodyMode, message.requestBody?.body);
        stream.send(keep(message));
      },
    }));
    await createEnvoyDouble({ server, requestBody: 'BUFFERED', responseHeaders: 'SKIP' }).exchange({
      body: 'abc',
    });
    expect(seen).toEqual([2, undefined, undefined, Buffer.from('abc')]);
  });

  it('sees the initial metadata, the half-close, and the reset of a stream it does not end', async () => {
    const events: string[] = [];
    const server = inProcess((stream) => {
      events.push(`team ${stream.metadata.get('x-team')}`);
      return {
        message: (message) => stream.send(keep(message)),
        halfClosed: () => events.push('half-closed'),
        cancelled: () => events.push('cancelled'),
      };
    });
    const { serverStatus } = await createEnvoyDouble({
      server,
      initialMetadata: { 'X-Team': 'red' },
    }).exchange({});
    expect(serverStatus).toBeUndefined();
    await expect.poll(() => events).toEqual(['team red', 'half-closed', 'cancelled']);
  });

  it.each([
    [
      'throws',
      () => ({
        message: () => {
          throw new Error('boom');
        },
      }),
    ],
    ['rejects', () => ({ message: () => Promise.reject(new Error('boom')) })],
    [
      'throws at once',
      () => {
        throw new Error('boom');
      },
    ],
  ] as [string, ServerHandler][])('that %s ends the stream with INTERNAL', async (_name, handler) => {
    const { client, serverStatus } = await createEnvoyDouble({ server: inProcess(handler) }).exchange({});
    expect(client.status).toBe(500);
    expect(serverStatus).toEqual({ code: 13, details: 'Error: boom' });
  });

  it('may bring its own codec', async () => {
    const method = processMethod();
    const server = inProcessBytes((stream) => ({
      message(bytes) {
        const reply = keep(method.requestDeserialize(bytes));
        stream.send(new Uint8Array(method.responseSerialize(reply)));
      },
    }));
    const { upstream } = await createEnvoyDouble({ server, requestBody: 'BUFFERED' }).exchange({
      body: 'abc',
    });
    expect(upstream.text).toBe('abc');
  });
});

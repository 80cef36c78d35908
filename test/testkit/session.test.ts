import { describe, expect, it } from 'vitest';
import { createEnvoyDouble, inProcess, ViolationError } from '../../src/testkit/index.ts';
import { chunk, keep } from './support/good-server.ts';
import { scripted } from './support/scripted-server.ts';

const SOCKET = { headers: { connection: 'Upgrade', upgrade: 'websocket' }, method: 'GET' } as const;

describe('a session', () => {
  it('carries bytes both ways at any time, without an end', async () => {
    const envoy = createEnvoyDouble({
      server: inProcess(scripted({})),
      requestBody: 'STREAMED',
      responseBody: 'STREAMED',
      sendBodyWithoutWaiting: true,
    });
    const session = envoy.open(SOCKET);
    expect(await session.settled()).toBe(true);
    expect(session.upstreamStarted).toBe(true);
    session.sendUpstreamHeaders(101, { upgrade: 'websocket' });
    await session.settled();
    session.sendClientBytes('ping');
    session.sendUpstreamBytes('pong');
    session.sendClientBytes('ping again');
    await session.settled();
    expect(session.toUpstream.body.toString()).toBe('pingping again');
    expect(session.toClient.body.toString()).toBe('pong');
    expect([session.upstreamComplete, session.over]).toEqual([false, false]);
    session.disconnect();
    const { client, upstream, serverStatus } = await session.closed;
    expect([client.status, client.reset, upstream.reset]).toEqual([101, true, true]);
    expect(serverStatus?.code).toBe(0);
  });

  it('takes bytes of the server at any time in full duplex', async () => {
    let send: (text: string) => void = () => undefined;
    const server = inProcess((stream) => {
      send = (text) => stream.send(chunk('response', Buffer.from(text), false));
      return {
        message: (message) => (message.responseBody ? undefined : stream.send(keep(message))),
      };
    });
    const session = createEnvoyDouble({ server, responseBody: 'FULL_DUPLEX_STREAMED' }).open(SOCKET);
    await session.settled();
    session.sendUpstreamHeaders(101);
    await session.settled();
    session.sendUpstreamBytes('first');
    await session.settled();
    send('one');
    send(' two');
    expect(await session.until(() => session.toClient.body.length === 7)).toBe(true);
    expect(session.toClient.body.toString()).toBe('one two');
    session.disconnect();
    await session.closed;
  });

  it('tells that replies are still due', async () => {
    const server = inProcess(scripted({ request_headers: undefined }));
    const session = createEnvoyDouble({ server }).open({});
    expect(await session.settled(20)).toBe(false);
    session.disconnect();
    await session.closed;
  });

  it('rejects where the server broke the contract, even when it did so last', async () => {
    const server = inProcess(scripted({ request_headers: [{ requestHeaders: {} }, { requestHeaders: {} }] }));
    const session = createEnvoyDouble({ server, responseHeaders: 'SKIP' }).open({});
    await expect(session.closed).rejects.toThrow(ViolationError);
    expect(session.over).toBe(true);
    // What is sent to a stream that is over goes nowhere.
    session.sendClientBytes('late', true);
    expect(session.toUpstream.body.length).toBe(0);
  });

  it('begins with an answer where another filter answered', async () => {
    const envoy = createEnvoyDouble({ server: inProcess(scripted({})), requestBody: 'BUFFERED' });
    const session = envoy.openWithoutRequest();
    session.sendUpstreamHeaders(429, { 'content-length': '4' });
    session.sendUpstreamBytes('slow', true);
    const { client, messages } = await session.closed;
    expect([client.status, client.text]).toEqual([429, 'slow']);
    const [first] = messages;
    expect(first?.message).toMatchObject({
      responseHeaders: {},
      protocolConfig: { requestBodyMode: 'BUFFERED' },
    });
  });

  it('plays trailers of both sides', async () => {
    const envoy = createEnvoyDouble({
      server: inProcess(scripted({})),
      requestBody: 'STREAMED',
      requestTrailers: 'SEND',
      responseTrailers: 'SEND',
    });
    const session = envoy.open({});
    await session.settled();
    session.sendClientBytes('up');
    session.sendClientTrailers({ 'x-up': '1' });
    expect(await session.until(() => session.upstreamComplete)).toBe(true);
    session.sendUpstreamHeaders(200);
    session.sendUpstreamBytes('down');
    session.sendUpstreamTrailers({ 'x-down': '1' });
    const { client, upstream } = await session.closed;
    expect([upstream.text, upstream.trailers]).toEqual(['up', [['x-up', '1']]]);
    expect([client.text, client.trailers]).toEqual(['down', [['x-down', '1']]]);
  });
});

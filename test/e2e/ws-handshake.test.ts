import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunningEnvoy } from '../../tools/envoy/launch.ts';
import { PLACES } from '../../tools/envoy/reference.ts';
import { waitFor } from '../../tools/envoy/wait-for.ts';
import { json } from './support/answer.ts';
import { expectHealthyExtProc } from './support/expect.ts';
import { Http1Client, head } from './support/http1-client.ts';
import { VERSIONS } from './support/versions.ts';
import { openRaw, wsClient } from './support/ws-client.ts';
import { accessLogOf, expectUpstream } from './support/ws-expect.ts';
import { encodeFrame, OPCODE } from './support/ws-frames.ts';
import { BEHAVIOUR_HEADER, headerOf } from './support/ws-provider.ts';
import { portOf, useSocketStack } from './support/ws-stack.ts';

const TURN = '{"type":"response.create","model":"gpt-5.5","service_tier":"priority"}';
const FILTERED = '{"type":"response.create","model":"gpt-5.5"}';

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** Sends the head of a request, and what stands behind it; reads the answer. */
async function ask(port: number, method: string, path: string, headers: Record<string, string>, rest = '') {
  const client = await Http1Client.connect(port);
  await client.write(head(method, path, { ...UPGRADE, ...headers }) + rest);
  const answer = await client.read();
  client.close();
  return answer;
}

describe.each(VERSIONS)('handshakes on Envoy %s, with the shipped configuration', (version) => {
  const stack = useSocketStack();
  let envoy: RunningEnvoy;

  beforeAll(async () => {
    envoy = await stack().envoy({ version, listeners: new Map([['skip', { options: ['skip'] }]]) });
  });

  it('take the offer of compression out, and the client works without', async () => {
    const talk = await wsClient.talk(portOf(envoy), {
      headers: { 'x-case': 'deflate' },
      send: [TURN],
      close: 1000,
    });
    expect(talk).toMatchObject({ messages: [FILTERED], extensions: '', close: { code: 1000 } });
    const seen = await stack().provider.socket('deflate');
    expect(headerOf(seen, 'sec-websocket-extensions')).toBeUndefined();
    const entry = await accessLogOf(envoy, seen);
    expect(entry).toMatchObject({ status: 101, tiergate: { action: 'filter' } });
  });

  it('leave sub-protocols alone, and no log has the key in them', async () => {
    const secret = 'openai-insecure-api-key.sk-secret-in-protocol';
    const protocols = ['realtime', secret];
    const talk = await wsClient.talk(portOf(envoy), {
      path: '/v1/realtime?model=gpt-realtime',
      headers: { 'x-case': 'protocols' },
      protocols,
      send: ['{"type":"response.create"}'],
      close: 1000,
    });
    expect(talk.protocol).toBe('realtime');
    const seen = await stack().provider.socket('protocols');
    expect(headerOf(seen, 'sec-websocket-protocol')).toBe(protocols.join(','));
    await accessLogOf(envoy, seen);
    const { process } = stack().tiergate;
    const logs = [...process.stdout, ...process.stderr, ...envoy.process.stdout].join('\n');
    expect(logs).not.toContain('secret-in-protocol');
  });

  it('keep what the provider is to see, and lose the tier of a routing hint', async () => {
    const socket = await openRaw(portOf(envoy), {
      headers: {
        'x-case': 'hint',
        authorization: 'Bearer sk-test',
        'openai-beta': 'responses_websockets=2026-02-06',
        'x-codex-routing-hint': 'region=eu;tier=priority',
      },
    });
    await socket.close(1000);
    await socket.closed();
    socket.destroy();
    const seen = await stack().provider.socket('hint');
    expect(headerOf(seen, 'authorization')).toBe('Bearer sk-test');
    expect(headerOf(seen, 'openai-beta')).toBe('responses_websockets=2026-02-06');
    expect(headerOf(seen, 'x-codex-routing-hint') ?? '').not.toContain('priority');
  });

  it('judge frames that came in one packet with the handshake', async () => {
    const pipelined = encodeFrame({ opcode: OPCODE.text, payload: TURN, mask: Buffer.from('abcd') });
    const socket = await openRaw(portOf(envoy), { headers: { 'x-case': 'pipelined' }, pipelined });
    await socket.received(1);
    expectUpstream(await stack().provider.socket('pipelined'), [FILTERED]);
    socket.destroy();
  });

  it('let a path that is not governed pass unread, with compression', async () => {
    const talk = await wsClient.talk(portOf(envoy), {
      path: '/echo',
      headers: { 'x-case': 'open' },
      send: [TURN, 'no JSON'],
      close: 1000,
    });
    expect(talk).toMatchObject({ messages: [TURN, 'no JSON'], close: { code: 1000 } });
    expect(talk.extensions).toContain('permessage-deflate');
  });

  it('end with the code that the client gave, also where the provider ends TCP at once', async () => {
    const talk = await wsClient.talk(portOf(envoy), {
      headers: { 'x-case': 'hasty', [BEHAVIOUR_HEADER]: 'hasty-echo' },
      send: [TURN],
      close: 1000,
    });
    expect(talk.messages).toEqual([FILTERED]);
    const seen = await stack().provider.socket('hasty');
    expect((await stack().provider.closed(seen)).code).toBe(1000);
    // Envoy drops what it holds for Tiergate when the end of the provider's connection overtakes it: the answer to the Close.
    expect([1000, 1006]).toContain(talk.close.code);
  });

  it.each([
    ['POST with an upgrade', 'POST', '/v1/responses', {}],
    ['a path whose dialect has no messages', 'GET', '/v1/messages', {}],
    ['an upgrade to something else', 'GET', '/v1/responses', { upgrade: 'irc/6.9' }],
  ] as const)('refuse %s', async (label, method, path, headers) => {
    const answer = await ask(portOf(envoy), method, path, { ...headers, 'x-case': label });
    expect([answer.status >= 400 && answer.status < 500, answer.headers.get('content-type')]).toEqual([
      true,
      'application/json',
    ]);
    expect(json(answer)).toMatchObject({ error: { message: expect.any(String), type: expect.any(String) } });
    expect(stack().provider.contacts(label)).toBe(0);
    expect(stack().provider.requests).toEqual([]);
  });

  it('do not count an Upgrade that Connection does not name: that is an HTTP request', async () => {
    const body = '{"model":"gpt-5.5","service_tier":"priority"}';
    const client = await Http1Client.connect(portOf(envoy));
    const headers = { upgrade: 'websocket', 'content-length': String(body.length) };
    await client.write(head('POST', '/v1/chat/completions', headers) + body);
    expect((await client.read()).status).toBe(200);
    client.close();
    expect(stack().provider.requests.splice(0)).toEqual(['POST /v1/chat/completions']);
  });

  it('with headers skipped: the route takes the offer and the hint away', async () => {
    const talk = await wsClient.talk(envoy.port('skip'), {
      headers: { 'x-case': 'skipped', 'x-codex-routing-hint': 'region=eu;tier=priority' },
      protocols: ['realtime'],
      send: [TURN],
      close: 1000,
    });
    expect(talk).toMatchObject({ messages: [FILTERED], extensions: '', protocol: 'realtime' });
    const seen = await stack().provider.socket('skipped');
    for (const name of ['sec-websocket-extensions', 'x-codex-routing-hint']) {
      expect(headerOf(seen, name)).toBeUndefined();
    }
  });

  it.each([
    ['skipped POST', 'POST', '/v1/responses'],
    ['skipped dialect without messages', 'GET', '/v1/messages'],
  ])(
    'with headers skipped: nothing of a refused one reaches the provider, %s',
    async (label, method, path) => {
      const frame = encodeFrame({ opcode: OPCODE.text, payload: TURN, mask: Buffer.from('abcd') });
      const client = await Http1Client.connect(envoy.port('skip'));
      await client.write(head(method, path, { ...UPGRADE, 'x-case': label }));
      await client.write(frame);
      // A 4xx, or a 101 and then the end: it is a race on the releases that show an empty chunk first.
      const answer = await client.read();
      expect(answer.status === 101 || (answer.status >= 400 && answer.status < 500)).toBe(true);
      await waitFor('the end of the connection', () => (client.closed ? true : undefined));
      if (stack().provider.contacts(label) > 0) {
        expect((await stack().provider.socket(label)).bytes).toHaveLength(0);
      }
    },
  );

  it('end both sides where the client is gone', async () => {
    const socket = await openRaw(portOf(envoy), { headers: { 'x-case': 'gone' } });
    await socket.text(FILTERED);
    await socket.received(1);
    socket.destroy();
    const seen = await stack().provider.socket('gone');
    await stack().provider.ended(seen);
    expectUpstream(seen, [FILTERED]);
  });

  it('give Envoy no reason to complain', async () => {
    await expectHealthyExtProc(envoy);
    await expectHealthyExtProc(envoy, 'skip');
  });
});

describe('the clocks of HTTP', () => {
  const stack = useSocketStack();

  it('do not run for a socket: it is open in silence longer than they allow', async () => {
    const envoy = await stack().envoy({
      edit: (config) => {
        const manager = PLACES.manager;
        config
          .set([...manager, 'request_timeout'], '0.5s')
          .set([...manager, 'request_headers_timeout'], '0.5s');
        config.set([...manager, 'stream_idle_timeout'], '0.5s');
        config.set([...config.socketExtProc(), 'message_timeout'], '0.5s');
        config.set([...config.route(), 'route', 'timeout'], '0.5s');
      },
    });
    const socket = await openRaw(portOf(envoy), { headers: { 'x-case': 'idle' } });
    await socket.text(FILTERED);
    await socket.received(1);
    // Silence is what is tested. A request that never ends shows that the clocks of this Envoy run at all.
    const other = connect({ port: portOf(envoy), host: '127.0.0.1' });
    other.write('POST /v1/responses HTTP/1.1\r\nhost: gateway.test\r\ncontent-length: 5\r\n\r\n');
    const cut = new Promise((resolve) => other.once('data', resolve));
    expect(String(await cut)).toContain(' 408 ');
    other.destroy();
    expect(socket.ended).toBe(false);
    await socket.text(FILTERED);
    await socket.received(2);
    expect(socket.messages()).toHaveLength(2);
    socket.destroy();
  });
});

import { describe, expect, it } from 'vitest';
import { environmentOf, routeOf } from '../support/environment.ts';
import { SocketBench, type SocketOptions } from './bench.ts';
import { ALLOWED, BLOCKED, limitsWith, pingOf, tailOf } from './dialogue.ts';
import { frame, OPCODES, serverFrame } from './frames.ts';

const EMPTY = Buffer.alloc(0);
const PAIRS = [
  ['STREAMED', 'STREAMED'],
  ['STREAMED', 'FULL_DUPLEX_STREAMED'],
  ['FULL_DUPLEX_STREAMED', 'STREAMED'],
  ['FULL_DUPLEX_STREAMED', 'FULL_DUPLEX_STREAMED'],
] as const;

/** What can come before the first message of the client, as measured on the versions of Envoy. */
const BEGINS: Readonly<
  Record<string, { readonly options?: SocketOptions; readonly begin: (bench: SocketBench) => void }>
> = {
  'the message itself': { begin: () => {} },
  'an empty chunk of each direction': {
    begin: (bench) => {
      bench.clientSends(EMPTY);
      bench.providerSends(EMPTY);
    },
  },
  'a greeting of the provider, with attributes': { begin: (bench) => bench.providerSends(serverFrame('hi')) },
  'a greeting of the provider, without attributes': {
    options: { untold: ['response'] },
    begin: (bench) => bench.providerSends(serverFrame('hi')),
  },
  'an empty chunk of the provider': { begin: (bench) => bench.providerSends(EMPTY) },
  'an empty chunk of the client, and the answer': {
    begin: (bench) => {
      bench.clientSends(EMPTY);
      bench.answer('101');
    },
  },
  'the headers of the answer': { options: { responseHeaders: 'SEND' }, begin: () => {} },
  'the headers of the answer, without attributes': {
    options: { responseHeaders: 'SEND', untold: ['response'] },
    begin: () => {},
  },
};

describe.each(PAIRS)('request %s, response %s', (request, response) => {
  it.each(Object.entries(BEGINS))('judges behind %s', (_, { options = {}, begin }) => {
    const bench = new SocketBench({ headers: 'SKIP', request, response, ...options });
    begin(bench);
    bench.takeClient();
    bench.clientSends(frame(ALLOWED));
    expect(bench.takeUpstream()).toEqual(frame(ALLOWED));
    bench.clientSends(frame(BLOCKED));
    expect(bench.decisions).toMatchObject([
      { action: 'pass', route: 'default', request_id: 'envoy-1', session: 'ab'.repeat(16) },
      { action: 'block' },
    ]);
    const upstream = bench.takeUpstream();
    if (upstream.length > 0) {
      bench.providerSends(serverFrame(pingOf(upstream).payload, { opcode: OPCODES.pong }));
    }
    const { before, close } = tailOf(bench.takeClient());
    expect(before).toEqual([]);
    expect(close.code).toBe(1008);
    expect(bench.edits).toEqual([]);
    bench.end();
    expect(bench.notes.map(({ kind }) => kind)).toEqual(['opened', 'captured', 'closed']);
  });
});

describe('with headers skipped', () => {
  const skipped = (options: SocketOptions = {}) => new SocketBench({ headers: 'SKIP', ...options });
  const attributes = (changes: Record<string, string>) =>
    new Map(
      Object.entries({
        'request.path': '/v1/responses',
        'request.method': 'GET',
        "request.headers['upgrade']": 'websocket',
        ...changes,
      }),
    );

  it.each([
    ['a POST with an upgrade', { 'request.method': 'POST' }, 'upgrade_refused'],
    ['a dialect without sockets', { 'request.path': '/v1/messages' }, 'upgrade_refused'],
    ['a path that is not normal', { 'request.path': '/v1/responses%2' }, 'path_not_normal'],
  ])('refuses %s at the first message of either side', (_, changes, code) => {
    for (const side of ['request', 'response'] as const) {
      const bench = skipped({ attributes: attributes(changes) });
      if (side === 'request') bench.clientSends(Buffer.from('{"service_tier":"ultrafast"}'));
      else bench.providerSends(serverFrame('hi'));
      expect(bench.immediate?.details).toBe(`tiergate_${code}`);
      expect(bench.decisions).toMatchObject([{ code, transport: 'websocket' }]);
      expect(bench.replies).toEqual([]);
      bench.clientSends(frame(ALLOWED));
      bench.providerSends(serverFrame('hi'));
      expect(bench.replies).toEqual([]);
    }
  });

  it('counts a socket whose provider speaks first', () => {
    const bench = skipped({ environment: environmentOf(limitsWith({ sockets: 0 })) });
    bench.providerSends(serverFrame('hi'));
    expect(bench.immediate?.details).toBe('tiergate_overloaded');
  });

  it('takes the policy of the time at which the provider speaks first', () => {
    const environment = environmentOf();
    let policy = environment.currentPolicy();
    const bench = skipped({ environment: { ...environment, currentPolicy: () => policy } });
    bench.providerSends(serverFrame('hi'));
    expect(bench.notes).toMatchObject([{ kind: 'opened' }]);
    policy = undefined;
    bench.clientSends(frame(BLOCKED));
    expect(bench.decisions).toMatchObject([{ action: 'block' }]);
  });

  it('says that Envoy is misconfigured where nothing tells the path', () => {
    for (const first of ['request', 'response'] as const) {
      const given = new Map(first === 'request' ? [["request.headers['upgrade']", 'websocket']] : []);
      const bench = skipped({ attributes: given });
      if (first === 'response') bench.providerSends(serverFrame('hi'));
      bench.clientSends(frame(ALLOWED));
      expect(bench.misconfigured).toMatch(/request\.path.*request_header_mode/);
      expect(bench.upstream).toEqual(EMPTY);
      bench.clientSends(frame(ALLOWED));
      bench.end();
      expect(bench.upstream).toEqual(EMPTY);
    }
  });

  it('says that Envoy is misconfigured where nothing tells of the upgrade', () => {
    const bench = skipped({ attributes: new Map([['request.path', '/v1/responses']]) });
    bench.clientSends(frame(ALLOWED));
    expect(bench.misconfigured).toBeDefined();
    expect(bench.upstream).toEqual(EMPTY);
  });

  it.each(['', 'h2c', 'websocket, h2c'])('takes the upgrade "%s" for no socket', (upgrade) => {
    const bench = skipped({ attributes: attributes({ "request.headers['upgrade']": upgrade }) });
    bench.clientSends(frame(ALLOWED));
    expect(bench.upstream).toEqual(EMPTY);
    expect(bench.decisions).toEqual([]);
  });

  it('passes a path that is not governed, by the attributes of either side', () => {
    for (const untold of [[], ['response'], ['request']] as const) {
      const bench = skipped({ attributes: attributes({ 'request.path': '/v1/other' }), untold });
      bench.providerSends(serverFrame('hi'));
      bench.clientSends(frame(BLOCKED));
      expect(bench.upstream).toEqual(frame(BLOCKED));
      expect(bench.client).toEqual(serverFrame('hi'));
    }
  });

  it('reads authority, authorization and route from attributes', () => {
    const route = routeOf({
      name: 'matched',
      match: { ...routeOf().match, authority: 'api.example.com', envoyRoute: 'provider' },
    });
    const identity = {
      scope: { sources: [{ kind: 'credential_shape', map: undefined } as const], default: undefined },
      user: { sources: [] },
    };
    const bench = skipped({
      environment: environmentOf({ routes: [route], identity }),
      attributes: attributes({
        'request.host': 'api.example.com:443',
        "request.headers['authorization']": 'Bearer sk-abc',
        'xds.route_name': 'provider',
      }),
    });
    bench.clientSends(frame(ALLOWED));
    expect(bench.decisions).toMatchObject([{ route: 'matched', scope: 'apikey' }]);
    expect(JSON.stringify(bench.decisions)).not.toContain('sk-abc');
  });

  it('reads no status, so whatever the provider sends passes', () => {
    const bench = skipped();
    bench.clientSends(EMPTY);
    bench.providerSends(Buffer.from('<html>no socket</html>'));
    expect(bench.client.toString()).toBe('<html>no socket</html>');
  });

  it('ends a stream without messages in silence', () => {
    const bench = skipped({ untold: ['response'] });
    bench.providerSends(serverFrame('hi'));
    bench.event({ kind: 'close', cause: 'draining' });
    bench.event({ kind: 'overloaded' });
    bench.event({ kind: 'timer' });
    bench.event({ kind: 'decoded', result: { ok: false, code: 'overloaded' } });
    bench.end();
    expect(bench.notes).toEqual([]);
    expect(bench.immediate).toBeUndefined();
  });
});

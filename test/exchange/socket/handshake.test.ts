import { describe, expect, it } from 'vitest';
import { createExchangeFactory } from '../../../src/exchange/exchange-factory.ts';
import { environmentOf, policyOf, routeOf, settingsOf } from '../support/environment.ts';
import { SocketBench, type SocketOptions } from './bench.ts';
import { ALLOWED, BLOCKED, limitsWith } from './dialogue.ts';
import { frame, serverFrame } from './frames.ts';

const HINT = 'x-codex-routing-hint';

/** A handshake that waits for its answer. */
function handshake(options: SocketOptions = {}): SocketBench {
  return new SocketBench({ status: null, ...options });
}

const REPORT = environmentOf({ defaults: routeOf({ enforcement: 'report' }) });

describe('a handshake that passes', () => {
  it.each(['STREAMED', 'FULL_DUPLEX_STREAMED'] as const)(
    'is answered at once in %s, and offers no compression',
    (request) => {
      const bench = handshake({ request });
      expect(bench.replies).toEqual([
        {
          kind: 'headers',
          direction: 'request',
          edits: { remove: ['sec-websocket-extensions'], set: [], append: [] },
        },
      ]);
      expect(bench.decisions).toEqual([]);
      bench.answer('101');
      expect(bench.replies.slice(1)).toEqual([{ kind: 'headers', direction: 'response' }]);
    },
  );

  it('offers no compression under report', () => {
    const bench = handshake({ environment: REPORT });
    expect(bench.edits).toEqual([{ remove: ['sec-websocket-extensions'], set: [], append: [] }]);
  });

  it('leaves the sub-protocol alone and tells nobody of it', () => {
    const secret = 'openai-insecure-api-key.sk-very-secret';
    const bench = handshake({ lines: [['sec-websocket-protocol', `realtime, ${secret}`]] });
    bench.answer('101');
    bench.clientSends(frame(ALLOWED));
    bench.end();
    const { edits, decisions, notes, metadata } = bench;
    expect(edits.flatMap(({ remove, set }) => [...remove, ...set])).toEqual(['sec-websocket-extensions']);
    expect(JSON.stringify({ decisions, notes, metadata })).not.toContain('secret');
  });

  it.each(['/v1/responses', '/v1/realtime?model=gpt-5', '/proxy/V1/Responses/'])(
    'is governed on %s',
    (path) => {
      const bench = new SocketBench({ path });
      bench.clientSends(frame(BLOCKED));
      expect(bench.decisions).toMatchObject([{ action: 'block' }]);
    },
  );

  it('goes by the route that Envoy names', () => {
    const route = routeOf({
      name: 'by-envoy',
      match: { ...routeOf().match, envoyRoute: 'provider' },
      enforcement: 'report',
    });
    const bench = new SocketBench({ environment: environmentOf({ routes: [route] }) });
    bench.clientSends(frame(ALLOWED));
    expect(bench.decisions).toMatchObject([{ route: 'by-envoy', enforced: false }]);
    const metadata = new Map([['x-tiergate-route', 'provider']]);
    const other = new SocketBench({ environment: bench.environment, attributes: new Map(), metadata });
    other.clientSends(frame(ALLOWED));
    expect(other.decisions).toMatchObject([{ route: 'by-envoy' }]);
  });
});

describe('a tier in the routing hint', () => {
  const hinted = (value: string, environment = environmentOf()) =>
    handshake({ environment, lines: [[HINT, value]] });

  it('is filtered', () => {
    const bench = hinted('model=gpt-5;tier=priority');
    expect(bench.edits[0]?.remove).toContain('sec-websocket-extensions');
    expect(bench.edits[0]?.set).toEqual([{ name: HINT, value: 'model=gpt-5' }]);
    expect(bench.decisions).toMatchObject([
      {
        action: 'filter',
        transport: 'websocket',
        session: bench.decisions[0]?.id,
        rule: 'some-priority',
        claims: [{ carrier: `header:${HINT}`, asked: 'priority' }],
        bytes: 0,
      },
    ]);
    expect(bench.metadata).toMatchObject([{ action: 'filter', rule: 'some-priority' }]);
  });

  it('is forced', () => {
    const bench = hinted('model=gpt-5;tier=flex');
    expect(bench.edits[0]?.set).toEqual([{ name: HINT, value: 'model=gpt-5;tier=default' }]);
    expect(bench.decisions).toMatchObject([{ action: 'force', tier_sent: 'default' }]);
  });

  it('goes with its header where it is blocked; the socket is opened', () => {
    const bench = hinted('model=gpt-5;tier=ultrafast');
    expect(bench.immediate).toBeUndefined();
    expect(bench.edits).toEqual([{ remove: ['sec-websocket-extensions', HINT], set: [], append: [] }]);
    expect(bench.decisions).toMatchObject([{ action: 'block', code: 'policy_violation' }]);
    bench.answer('101');
    bench.clientSends(frame(ALLOWED));
    expect(bench.upstream).toEqual(frame(ALLOWED));
  });

  it('stays under report, and is recorded', () => {
    const bench = hinted('model=gpt-5;tier=ultrafast', REPORT);
    expect(bench.edits).toEqual([{ remove: ['sec-websocket-extensions'], set: [], append: [] }]);
    expect(bench.decisions).toMatchObject([{ action: 'block', enforced: false }]);
  });

  it('is no claim of the turns', () => {
    const bench = hinted('model=gpt-5;tier=ultrafast');
    bench.answer('101');
    bench.clientSends(frame(ALLOWED));
    expect(bench.decisions[1]?.claims).toHaveLength(1);
    expect(bench.decisions[1]?.claims).toMatchObject([{ asked: 'priority', carrier: 'body:service_tier' }]);
  });
});

const REFUSALS: readonly (readonly [string, SocketOptions, string, number])[] = [
  ['a POST with an upgrade', { method: 'POST' }, 'upgrade_refused', 426],
  ['a CONNECT', { method: 'CONNECT' }, 'upgrade_refused', 426],
  ['a method in another case', { method: 'get' }, 'upgrade_refused', 426],
  ['two upgrades', { lines: [['upgrade', 'h2c']] }, 'upgrade_refused', 426],
  ['a dialect without sockets', { path: '/v1/messages' }, 'upgrade_refused', 426],
  ['chat completions', { path: '/v1/chat/completions' }, 'upgrade_refused', 426],
  ['a dialect that does not exist yet', { path: '/v1/live/sessions' }, 'unsupported_route', 403],
  ['a path that is not normal', { path: '/v1/responses%2' }, 'path_not_normal', 400],
  [
    'an unknown path where these are blocked',
    { path: '/v1/other', environment: environmentOf({ unknownPaths: 'block' }) },
    'unknown_route',
    403,
  ],
  ['no policy', { environment: environmentOf({}, { policy: undefined }) }, 'policy_unavailable', 503],
  ['no room', { environment: environmentOf(limitsWith({ sockets: 0 })) }, 'overloaded', 503],
];

describe('a handshake that is refused', () => {
  it.each(REFUSALS)('%s', (_, options, code, status) => {
    const bench = handshake(options);
    expect(bench.immediate).toMatchObject({ status, details: `tiergate_${code}` });
    expect(bench.immediate?.body.toString()).toContain('"error":{');
    expect(bench.immediate?.metadata).toMatchObject({ action: 'refuse', code });
    expect(bench.decisions).toMatchObject([{ action: 'refuse', code, enforced: true }]);
    expect(bench.replies).toEqual([]);
    expect(bench.notes).toEqual([]);
    // Nothing follows.
    bench.event({ kind: 'close', cause: 'draining' });
    bench.end();
    expect(bench.notes).toEqual([]);
  });

  it.each(REFUSALS.filter(([, { method, lines }]) => method === undefined && lines === undefined))(
    'is let pass under report, unread: %s',
    (_, options, code) => {
      const { settings, currentPolicy } = options.environment ?? environmentOf();
      const environment = {
        ...environmentOf({ ...settings, defaults: routeOf({ enforcement: 'report' }) }),
        currentPolicy,
      };
      const bench = new SocketBench({ ...options, environment });
      expect(bench.immediate).toBeUndefined();
      expect(bench.decisions).toMatchObject([{ action: 'refuse', code, enforced: false }]);
      expect(bench.metadata).toMatchObject([{ action: 'refuse', code, enforced: false }]);
      bench.clientSends(frame(BLOCKED));
      bench.clientSends(Buffer.from('no frames'));
      expect(bench.upstream).toEqual(Buffer.concat([frame(BLOCKED), Buffer.from('no frames')]));
      expect(bench.decisions).toHaveLength(1);
    },
  );
});

it.each(['STREAMED', 'FULL_DUPLEX_STREAMED'] as const)(
  'a socket on a path that is not governed passes unread in %s',
  (mode) => {
    const bench = new SocketBench({ path: '/v1/other', request: mode, response: mode });
    expect(bench.edits).toEqual([]);
    const bytes = Buffer.from('\xff\xffnothing of RFC 6455', 'latin1');
    bench.clientSends(Buffer.alloc(0));
    bench.clientSends(bytes);
    bench.providerSends(bytes);
    bench.event({ kind: 'close', cause: 'operator' });
    bench.event({ kind: 'timer' });
    bench.clientSends(frame(BLOCKED), true);
    bench.providerSends(serverFrame('x'), true);
    bench.end();
    expect(bench.upstream).toEqual(Buffer.concat([bytes, frame(BLOCKED)]));
    expect(bench.client).toEqual(Buffer.concat([bytes, serverFrame('x')]));
    const { decisions, notes, immediate, timer } = bench;
    expect({ decisions, notes, immediate, timer }).toEqual({
      decisions: [],
      notes: [],
      immediate: undefined,
      timer: undefined,
    });
  },
);

describe('limits.sockets', () => {
  const environment = environmentOf({ limits: { ...settingsOf().limits, sockets: 2 } });
  const open = (options: SocketOptions = {}, factory = createExchangeFactory(environment)) => {
    const made = (more: SocketOptions = {}) => new SocketBench({ ...options, environment, factory, ...more });
    return made;
  };

  it('counts judged sockets until their streams end', () => {
    const made = open();
    const first = made();
    made({ path: '/v1/other' });
    const second = made();
    expect(made().immediate?.details).toBe('tiergate_overloaded');
    first.clientSends(frame(BLOCKED));
    first.timeOut();
    expect(first.immediate).toBeDefined();
    expect(made().immediate?.details).toBe('tiergate_overloaded');
    first.end();
    first.end();
    expect(made().immediate).toBeUndefined();
    expect(made().immediate).toBeDefined();
    second.end();
    expect(made().immediate).toBeUndefined();
  });

  it('does not count handshakes that were refused', () => {
    const made = open();
    for (let count = 0; count < 5; count++) made({ path: '/v1/messages' }).end();
    expect(made().immediate).toBeUndefined();
  });
});

it('takes what is no handshake for an HTTP request', () => {
  const bench = handshake({ path: '/v1/responses', lines: [['upgrade', 'websocket']] });
  expect(bench.immediate?.details).toBe('tiergate_upgrade_refused');
  expect(bench.decisions).toMatchObject([{ transport: 'http' }]);
});

it('judges by the policy of the time of the handshake', () => {
  let policy = policyOf();
  const bench = new SocketBench({ environment: { ...environmentOf(), currentPolicy: () => policy } });
  policy = policyOf([]);
  bench.clientSends(frame(BLOCKED));
  expect(bench.decisions).toMatchObject([{ action: 'block', revision: 7 }]);
});

import { describe, expect, it } from 'vitest';
import { environmentOf, routeOf } from '../support/environment.ts';
import { SocketBench, type SocketOptions } from './bench.ts';
import { ALLOWED, BLOCKED, FILTERED, FORCED, limitsWith, socketsWith, turn } from './dialogue.ts';
import { closeFrame, frame, OPCODES, serverFrame } from './frames.ts';

const ID = 'ab'.repeat(16);
const HELLO = serverFrame('hello');

describe('the decision of a turn', () => {
  it('has all that a replay needs, and nothing of its content', () => {
    const metadata = new Map([
      ['x-tiergate-scope', 'team-a'],
      ['x-user', 'u-1'],
    ]);
    const from = (key: string) => ({ kind: 'metadata', key, map: undefined }) as const;
    const identity = {
      scope: { sources: [from('x-tiergate-scope')], default: undefined },
      user: { sources: [from('x-user')] },
    };
    const defaults = routeOf({ models: { aliases: { mine: 'gpt-5' }, normalize: 'none' } });
    const bench = new SocketBench({ environment: environmentOf({ identity, defaults }), metadata });
    bench.now += 1_234;
    const text = turn({ model: 'mine', service_tier: 'flex', stream_id: 'lane-1', input: 'the secret' });
    bench.clientSends(frame(text));
    expect(bench.decisions).toEqual([
      {
        time: '2026-01-02T03:04:06.234Z',
        id: `${ID}.1`,
        request_id: 'envoy-1',
        transport: 'websocket',
        route: 'default',
        dialect: 'openai-responses',
        session: ID,
        stream_id: 'lane-1',
        captured_model: 'mine',
        scope: 'team-a',
        scope_evidence: expect.stringContaining('x-tiergate-scope'),
        user: 'u-1',
        claims: [
          {
            carrier: 'body:service_tier',
            word: 'flex',
            asked: 'flex',
            model_asked: 'mine',
            model_matched: 'gpt-5',
            action: 'force',
            rule: 'slow-flex',
            tier_sent: 'default',
            reports: [],
          },
        ],
        model_asked: 'mine',
        model_matched: 'gpt-5',
        tier_asked: 'flex',
        tier_sent: 'default',
        tier_served: undefined,
        action: 'force',
        enforced: true,
        enforcement: 'enforce',
        code: undefined,
        rule: 'slow-flex',
        reports: [],
        revision: 7,
        strictness: 'compatible',
        bytes: Buffer.byteLength(text),
        duration_ms: 0,
      },
    ]);
  });

  it('is made for turns without a tier, and for no other message that passes', () => {
    const bench = new SocketBench();
    bench.clientSends(frame('{"type":"response.cancel"}'));
    bench.clientSends(frame('{"type":"session.update","session":{"model":"m"}}'));
    bench.clientSends(frame(turn()));
    bench.clientSends(frame(turn()));
    expect(bench.decisions.map(({ id, tier_asked, claims }) => [id, tier_asked, claims])).toEqual([
      [`${ID}.1`, undefined, []],
      [`${ID}.2`, undefined, []],
    ]);
  });

  it('cuts a long model', () => {
    const bench = new SocketBench();
    bench.clientSends(frame(turn({ model: 'm'.repeat(1_000) })));
    expect(bench.decisions[0]?.captured_model).toBe(bench.decisions[0]?.model_asked);
    expect(bench.decisions[0]?.captured_model?.length).toBeLessThanOrEqual(128);
  });
});

describe("Envoy's metadata", () => {
  /** What Envoy's access log says at the end: the metadata of all replies, merged. */
  const logged = (bench: SocketBench) => Object.assign({}, ...bench.metadata) as Record<string, unknown>;
  const PAIRS = (['STREAMED', 'FULL_DUPLEX_STREAMED'] as const).flatMap((request) =>
    (['STREAMED', 'FULL_DUPLEX_STREAMED'] as const).map((response) => ({ request, response })),
  );

  it.each(PAIRS)('is that of the last decision, with $request and $response', (pair) => {
    const bench = new SocketBench({ ...pair, environment: socketsWith({ onBlock: 'reject_turn' }) });
    bench.providerSends(HELLO);
    const steps = [
      [FILTERED, { action: 'filter', rule: 'some-priority', tier_asked: 'priority' }],
      [ALLOWED, { action: 'pass', tier_asked: 'priority', tier_sent: 'priority' }],
      [BLOCKED, { action: 'block', rule: 'no-ultrafast', code: 'policy_violation', tier_sent: '' }],
      [FORCED, { action: 'force', rule: 'slow-flex', code: '', tier_sent: 'default' }],
      [turn({ model: 'gpt-6' }), { action: 'pass', rule: '', code: '', tier_asked: '', tier_sent: '' }],
    ] as const;
    for (const [text, expected] of steps) {
      bench.clientSends(frame(text));
      expect(logged(bench)).toMatchObject({ ...expected, id: bench.decisions.at(-1)?.id });
    }
    expect(logged(bench)).toMatchObject({
      route: 'default',
      dialect: 'openai-responses',
      revision: 7,
      enforced: true,
      model_matched: 'gpt-6',
    });
  });

  it.each(PAIRS)('tells of a block that ends the socket, with $request and $response', (pair) => {
    for (const greeting of [HELLO, Buffer.alloc(0)]) {
      const bench = new SocketBench(pair);
      bench.providerSends(greeting);
      bench.clientSends(frame(BLOCKED));
      expect(logged(bench)).toMatchObject({ action: 'block', code: 'policy_violation' });
      const faulty = new SocketBench(pair);
      faulty.providerSends(greeting);
      faulty.clientSends(frame('x', { rsv: 4 }));
      expect(logged(faulty)).toMatchObject({ action: 'refuse', code: 'protocol_error' });
    }
  });
});

describe('the notes of a socket', () => {
  it('tell its begin, its models and its end', () => {
    const bench = new SocketBench();
    bench.clientSends(frame(ALLOWED));
    bench.clientSends(frame(FILTERED));
    bench.clientSends(frame('{"type":"session.update","session":{"model":"m"}}'));
    bench.now += 9_000;
    bench.clientSends(closeFrame(1000));
    bench.end();
    bench.end();
    expect(bench.turns).toBe(2);
    expect(bench.notes).toEqual([
      {
        kind: 'opened',
        id: ID,
        requestId: 'envoy-1',
        route: 'default',
        dialect: 'openai-responses',
        scope: 'apikey',
        user: undefined,
      },
      { kind: 'captured', id: ID, model: 'gpt-allowed-1' },
      { kind: 'captured', id: ID, model: 'm' },
      {
        kind: 'closed',
        id: ID,
        route: 'default',
        dialect: 'openai-responses',
        end: 'client_close',
        code: undefined,
        told: undefined,
        turns: 2,
        capturedModel: 'm',
        durationMs: 9_000,
      },
    ]);
  });
});

describe('the tier that is served', () => {
  const watched = (options: SocketOptions = {}) =>
    new SocketBench({ environment: environmentOf({ observeServedTier: true }), ...options });
  const completed = (tier: string, lane?: string) =>
    serverFrame(
      JSON.stringify({
        type: 'response.completed',
        stream_id: lane,
        response: { service_tier: tier, output: 'x'.repeat(200) },
      }),
    );
  const laneOf = (lane: string) => frame(turn({ stream_id: lane, model: 'gpt-5' }));

  it('is told with the decision of its lane, whatever else comes between', () => {
    const bench = watched();
    bench.clientSends(Buffer.concat([laneOf('a'), laneOf('b'), frame(turn())]));
    expect(bench.decisions).toEqual([]);
    const answer = completed('priority', 'b');
    for (let at = 0; at < answer.length; at += 13) bench.providerSends(answer.subarray(at, at + 13));
    expect(bench.client).toEqual(answer);
    bench.providerSends(Buffer.concat([HELLO, completed('flex'), completed('default', 'a')]));
    expect(bench.decisions.map(({ stream_id, tier_served }) => [stream_id, tier_served])).toEqual([
      ['b', 'priority'],
      [undefined, 'flex'],
      ['a', 'default'],
    ]);
    expect(bench.metadata.at(-1)).toEqual({ tier_served: 'default' });
    bench.clientSends(laneOf('a'));
    expect(bench.metadata.at(-1)).toMatchObject({ tier_served: '' });
    // A tier that nobody waits for is no decision.
    bench.providerSends(completed('flex', 'zzz'));
    expect(bench.decisions).toHaveLength(3);
  });

  it('is read from fragments, and not from messages that are compressed or binary noise', () => {
    const bench = watched();
    bench.clientSends(laneOf('a'));
    const text = Buffer.from(
      '{"type":"response.completed","stream_id":"a","response":{"service_tier":"flex"}}',
    );
    const noise = serverFrame(text, { rsv: 4 });
    const fragments = [
      serverFrame(text.subarray(0, 30), { fin: false }),
      serverFrame('p', { opcode: OPCODES.ping }),
      serverFrame(text.subarray(30), { opcode: 0 }),
    ];
    bench.providerSends(noise);
    expect(bench.decisions).toEqual([]);
    bench.providerSends(Buffer.concat(fragments));
    expect(bench.decisions).toMatchObject([{ tier_served: 'flex' }]);
    expect(bench.client).toEqual(Buffer.concat([noise, ...fragments]));
  });

  it('is not waited for by what is refused, by the next turn of the lane, nor at the end', () => {
    const bench = watched();
    bench.clientSends(laneOf('a'));
    bench.clientSends(laneOf('a'));
    expect(bench.decisions.map(({ id }) => id)).toEqual([`${ID}.1`]);
    bench.clientSends(frame(BLOCKED));
    expect(bench.decisions.map(({ id }) => id)).toEqual([`${ID}.1`, `${ID}.3`]);
    bench.end();
    expect(bench.decisions.map(({ id, tier_served }) => [id, tier_served])).toEqual([
      [`${ID}.1`, undefined],
      [`${ID}.3`, undefined],
      [`${ID}.2`, undefined],
    ]);
  });

  it('is waited for in a bounded number of lanes', () => {
    const bench = watched({
      environment: environmentOf({ observeServedTier: true, ...limitsWith({ message: 1_000 }) }),
    });
    for (let lane = 0; lane < 100; lane++) bench.clientSends(laneOf(`lane-${lane}`));
    expect(bench.decisions.map(({ stream_id }) => stream_id)).toEqual(
      Array.from({ length: 36 }, (_, lane) => `lane-${lane}`),
    );
  });

  it('is left alone where the dialect tells none, or nobody asked for it', () => {
    for (const bench of [watched({ path: '/v1/realtime?model=m' }), new SocketBench()]) {
      bench.clientSends(laneOf('a'));
      expect(bench.decisions).toHaveLength(1);
      bench.providerSends(completed('flex', 'a'));
      expect(bench.decisions).toHaveLength(1);
    }
  });
});

import { describe, expect, it } from 'vitest';
import type { PolicyView } from '../../../src/exchange/settings.ts';
import { environmentOf, policyOf, RULES, routeOf, TestBudget } from '../support/environment.ts';
import { SocketBench } from './bench.ts';
import { ALLOWED, BLOCKED, FILTERED, FORCED, limitsWith, socketsWith, tailOf, turn } from './dialogue.ts';
import { closeFrame, frame, OPCODES, readFrames, serverFrame } from './frames.ts';

const EMPTY = Buffer.alloc(0);
const HELLO = serverFrame('hello');
const REPORT = { defaults: routeOf({ enforcement: 'report' }) } as const;

describe.each(['STREAMED', 'FULL_DUPLEX_STREAMED'] as const)('under report, request %s', (request) => {
  it('lets everything go on at once, unchanged, and records the verdicts', () => {
    const bench = new SocketBench({ request, environment: environmentOf(REPORT) });
    const messages = [ALLOWED, FILTERED, FORCED, BLOCKED, '{', '{"type":"response.create","Model":1}'];
    const bytes = Buffer.concat(messages.map((text) => frame(text)));
    for (let at = 0; at < bytes.length; at += 11) {
      const chunk = bytes.subarray(at, at + 11);
      bench.clientSends(chunk);
      expect(bench.takeUpstream()).toEqual(chunk);
    }
    expect(
      bench.decisions.map(({ action, code, enforced, tier_sent }) => [action, code, enforced, tier_sent]),
    ).toEqual([
      ['pass', undefined, false, 'priority'],
      ['filter', undefined, false, 'priority'],
      ['force', undefined, false, 'flex'],
      ['block', 'policy_violation', false, 'ultrafast'],
      ['refuse', 'malformed_json', false, undefined],
      ['refuse', 'ambiguous_member', false, undefined],
    ]);
    bench.providerSends(HELLO);
    expect(bench.client).toEqual(HELLO);
    expect(bench.timer).toBeUndefined();
    expect(bench.environment.held.held).toBe(0);
  });

  it('captures the model of a turn that would have been blocked, since it went on', () => {
    const bench = new SocketBench({ request, environment: environmentOf(REPORT) });
    bench.clientSends(frame(BLOCKED));
    bench.clientSends(frame(turn({ service_tier: 'priority' })));
    expect(bench.decisions[1]).toMatchObject({
      action: 'filter',
      model_asked: 'gpt-5',
      captured_model: 'gpt-5',
    });
    bench.end();
    expect(bench.notes.at(-1)).toMatchObject({ turns: 2, code: undefined, told: undefined });
  });

  it.each([
    ['protocol_error', frame('x', { mask: undefined }), {}],
    ['message_too_large', frame(ALLOWED), limitsWith({ message: 10 })],
    ['invalid_utf8', frame(Buffer.of(0xff)), {}],
    ['overloaded', frame(ALLOWED).subarray(0, 40), {}],
  ])('records %s once, and lets all pass behind it', (code, bytes, settings) => {
    const environment = environmentOf({ ...REPORT, ...settings }, { held: new TestBudget(30) });
    const bench = new SocketBench({ request, environment });
    const behind = [frame(BLOCKED), Buffer.from('rubbish'), frame('x', { rsv: 1 })];
    for (const chunk of [bytes, ...behind]) bench.clientSends(chunk);
    expect(bench.upstream).toEqual(Buffer.concat([bytes, ...behind]));
    expect(bench.decisions).toMatchObject([{ action: 'refuse', code, enforced: false, bytes: 0 }]);
    expect(bench.metadata).toMatchObject([{ code, enforced: false }]);
    expect(bench.environment.held.held).toBeLessThan(15);
    bench.providerSends(HELLO);
    expect(bench.client).toEqual(HELLO);
    expect(bench.immediate).toBeUndefined();
    bench.end();
    expect(bench.environment.held.held).toBe(0);
    expect(bench.notes.at(-1)).toMatchObject({ end: 'lost', code: undefined, told: undefined });
  });

  it('lets bytes behind a Close pass too', () => {
    const bench = new SocketBench({ request, environment: environmentOf(REPORT) });
    const bytes = Buffer.concat([closeFrame(1000), frame(BLOCKED)]);
    bench.clientSends(bytes);
    bench.clientSends(frame(BLOCKED));
    expect(bench.upstream).toEqual(Buffer.concat([bytes, frame(BLOCKED)]));
    expect(bench.decisions).toEqual([]);
  });

  it('is what a policy that cannot be had makes of a socket that may open', () => {
    const environment = environmentOf({}, { policy: policyOf(RULES, 'report') });
    const bench = new SocketBench({ request, environment });
    bench.clientSends(frame(BLOCKED));
    expect(bench.upstream).toEqual(frame(BLOCKED));
    expect(bench.decisions).toMatchObject([{ action: 'block', enforced: false, enforcement: 'report' }]);
  });
});

it('keeps the very chunk', () => {
  const bench = new SocketBench({ environment: environmentOf(REPORT) });
  bench.clientSends(frame(FILTERED).subarray(0, 50));
  bench.clientSends(frame(FILTERED).subarray(50));
  expect(bench.replies.slice(2)).toMatchObject([{ body: { kind: 'keep' } }, { body: { kind: 'keep' } }]);
});

describe('an enforcement that changes while the socket is open', () => {
  /** A live socket whose policy is given; it starts under `first`. */
  function changing(first: PolicyView['enforcement'], settings = {}) {
    const environment = socketsWith({ revision: 'live' }, settings);
    const given = { policy: policyOf(RULES, first) };
    const bench = new SocketBench({ environment: { ...environment, currentPolicy: () => given.policy } });
    bench.providerSends(HELLO);
    bench.takeClient();
    return {
      bench,
      become: (enforcement: PolicyView['enforcement']) => {
        given.policy = policyOf(RULES, enforcement);
      },
    };
  }
  const message = frame(BLOCKED);

  it('is carried out from the next message on', () => {
    const { bench, become } = changing('report');
    bench.clientSends(message);
    expect(bench.takeUpstream()).toEqual(message);
    become(undefined);
    bench.clientSends(message);
    expect(bench.decisions.map(({ enforced }) => enforced)).toEqual([false, true]);
    expect(readFrames(bench.upstream).map(({ opcode }) => opcode)).toEqual([OPCODES.ping]);
    bench.providerSends(HELLO);
    expect(tailOf(bench.client).close.code).toBe(1008);
  });

  it('is not carried out on a message whose begin has gone on', () => {
    const { bench, become } = changing('report');
    bench.clientSends(message.subarray(0, 9));
    become(undefined);
    bench.clientSends(message.subarray(9));
    expect(bench.takeUpstream()).toEqual(message);
    expect(bench.decisions).toMatchObject([{ action: 'block', enforced: false, enforcement: 'report' }]);
    bench.clientSends(message);
    expect(bench.decisions[1]).toMatchObject({ enforced: true, enforcement: 'enforce' });
    expect(bench.upstream.includes('secret')).toBe(false);
  });

  it('lets pass what was held when it ended', () => {
    const { bench, become } = changing(undefined);
    bench.clientSends(message.subarray(0, 9));
    expect(bench.upstream).toEqual(EMPTY);
    become('report');
    bench.clientSends(message.subarray(9));
    expect(bench.upstream).toEqual(message);
    expect(bench.decisions).toMatchObject([{ action: 'block', enforced: false }]);
    bench.clientSends(message.subarray(0, 9));
    expect(bench.upstream).toEqual(Buffer.concat([message, message.subarray(0, 9)]));
  });

  it('still refuses what cannot be read where a part of it is held', () => {
    const { bench, become } = changing(undefined);
    bench.clientSends(frame('x', { fin: false }));
    become('report');
    bench.clientSends(frame('y'));
    expect(bench.decisions).toMatchObject([{ code: 'protocol_error', enforced: true }]);
    bench.providerSends(HELLO);
    expect(tailOf(bench.client).close.code).toBe(1002);
  });

  it('does not open a socket again that was ended', () => {
    const { bench, become } = changing(undefined);
    bench.clientSends(message);
    bench.takeUpstream();
    become('report');
    bench.clientSends(frame(ALLOWED));
    bench.providerSends(HELLO);
    bench.clientSends(frame(ALLOWED));
    expect(bench.upstream).toEqual(EMPTY);
    expect(tailOf(bench.client).close.code).toBe(1008);
  });

  it.each([
    ['protocol_error', frame('x', { rsv: 4 }), 1002],
    ['message_too_large', frame(ALLOWED), 1009],
  ])(
    'ends a socket that was passing unread after %s, and writes no frame of ours upstream',
    (code, bytes, close) => {
      const { bench, become } = changing('report', limitsWith({ message: 50 }));
      bench.clientSends(bytes);
      bench.clientSends(frame('{}'));
      bench.takeUpstream();
      become(undefined);
      bench.clientSends(message);
      bench.clientSends(closeFrame(1000));
      expect(bench.decisions.map(({ enforced, ...decision }) => [decision.code, enforced])).toEqual([
        [code, false],
        [code, true],
      ]);
      bench.providerSends(HELLO);
      bench.clientSends(closeFrame(1000));
      expect(bench.upstream).toEqual(EMPTY);
      expect(tailOf(bench.client)).toMatchObject({ event: { error: { code } }, close: { code: close } });
      bench.end();
      expect(bench.notes.at(-1)).toMatchObject({ end: 'refused', code, told: true });
    },
  );
});

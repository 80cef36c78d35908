import { describe, expect, it } from 'vitest';
import { COMPATIBLE, STRICT } from '../../../src/policy/strictness.ts';
import { environmentOf, policyOf, routeOf } from '../support/environment.ts';
import { SocketBench, type SocketOptions } from './bench.ts';
import { BLOCKED, socketsWith, turn } from './dialogue.ts';
import { frame, OPCODES, readFrames } from './frames.ts';

const PRESETS = { compatible: COMPATIBLE, strict: STRICT } as const;
/** With the fixture's rules, `priority` passes with this model only. */
const MODEL = 'gpt-allowed-1';

function socketOf(preset: keyof typeof PRESETS, options: SocketOptions = {}): SocketBench {
  const defaults = routeOf({ strictness: PRESETS[preset], strictnessName: preset });
  return new SocketBench({ environment: environmentOf({ defaults }), ...options });
}

/** Sends a turn for `priority` and tells which model it was judged by and what became of it. */
function ask(bench: SocketBench, members: Readonly<Record<string, unknown>> = {}) {
  bench.clientSends(frame(turn({ service_tier: 'priority', ...members })));
  const { action, model_asked, captured_model } = bench.decisions.at(-1) ?? {};
  return { action, model: model_asked, captured: captured_model };
}

const update = (model: unknown) => frame(JSON.stringify({ type: 'session.update', session: { model } }));

describe.each(['compatible', 'strict'] as const)('%s', (preset) => {
  it('keeps no model over 1 KiB: turns behind it are judged as with one that cannot be had', () => {
    const bench = socketOf(preset);
    const long = `${MODEL}${'x'.repeat(1024)}`;
    expect(ask(bench, { model: long })).toMatchObject({ action: 'pass', captured: undefined });
    // The stricter of the rule's action and its fallback.
    expect(ask(bench)).toMatchObject({ action: 'filter', captured: undefined });
    expect(ask(bench, { model: MODEL })).toMatchObject({ action: 'pass', captured: MODEL });
  });

  it('judges a turn without a model by the one that the first turn named', () => {
    const bench = socketOf(preset);
    expect(ask(bench, { model: MODEL })).toEqual({ action: 'pass', model: MODEL, captured: MODEL });
    expect(ask(bench)).toEqual({ action: 'pass', model: MODEL, captured: MODEL });
    expect(bench.notes).toMatchObject([{ kind: 'opened' }, { kind: 'captured', model: MODEL }]);
  });

  it('lets the model of a later turn serve that turn, and the next ones where strict', () => {
    const bench = socketOf(preset);
    ask(bench, { model: MODEL });
    const later = preset === 'strict' ? 'gpt-5' : MODEL;
    expect(ask(bench, { model: 'gpt-5' })).toEqual({ action: 'filter', model: 'gpt-5', captured: later });
    expect(ask(bench)).toMatchObject({ model: later, action: preset === 'strict' ? 'filter' : 'pass' });
  });

  it('captures the model of each session.update, also before and between turns', () => {
    const bench = socketOf(preset);
    bench.clientSends(update('gpt-5'));
    expect(bench.decisions).toEqual([]);
    expect(bench.upstream).toEqual(update('gpt-5'));
    expect(ask(bench)).toMatchObject({ action: 'filter', model: 'gpt-5' });
    bench.clientSends(update(` ${MODEL} `));
    expect(ask(bench)).toMatchObject({ action: 'pass', model: MODEL, captured: MODEL });
    for (const none of ['', 7, undefined, null]) bench.clientSends(update(none));
    bench.clientSends(update(MODEL));
    expect(ask(bench)).toMatchObject({ captured: MODEL });
    const captures = bench.notes.filter(({ kind }) => kind === 'captured');
    expect(captures).toMatchObject([{ model: 'gpt-5' }, { model: MODEL }]);
  });

  it.each([
    '{"type":"session.created","session":{"model":"x"}}',
    '{"type":"response.cancel","model":"x"}',
    '{"type":"SESSION.UPDATE","session":{"model":"x"}}',
  ])('takes no model from %s', (text) => {
    const bench = socketOf(preset);
    bench.clientSends(frame(text));
    expect(bench.upstream).toEqual(frame(text));
    expect(ask(bench)).toMatchObject({ model: '', captured: undefined });
  });

  it('captures nothing of a turn that is blocked or refused', () => {
    const environment = socketsWith(
      { onBlock: 'reject_turn' },
      { defaults: routeOf({ strictness: PRESETS[preset], strictnessName: preset }) },
    );
    const bench = socketOf(preset, { environment });
    bench.clientSends(frame(BLOCKED));
    bench.clientSends(frame('{"type":"response.create","model":"gpt-5","Model":"x"}'));
    bench.clientSends(frame('{"type":"session.update","session":{"model":"a","model":"b"}}'));
    expect(bench.decisions.map(({ captured_model }) => captured_model)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    // The first turn that is accepted captures.
    expect(ask(bench, { model: MODEL })).toMatchObject({ captured: MODEL });
    bench.end();
    expect(bench.notes.at(-1)).toMatchObject({ turns: 1, capturedModel: MODEL });
  });

  it('takes the model of the URL where nothing else names one', () => {
    const bench = socketOf(preset, { path: `/v1/realtime?model=${MODEL}` });
    expect(ask(bench)).toEqual({ action: 'pass', model: MODEL, captured: undefined });
    bench.clientSends(update('gpt-5'));
    expect(ask(bench)).toMatchObject({ action: 'filter', model: 'gpt-5' });
  });

  it('shares one captured model among lanes, and keeps their tiers apart', () => {
    const bench = socketOf(preset);
    bench.clientSends(frame(turn({ stream_id: 'a', model: MODEL, service_tier: 'priority' })));
    bench.clientSends(frame(turn({ stream_id: 'b', service_tier: 'flex' })));
    bench.clientSends(frame(turn({ stream_id: 'c' })));
    expect(
      bench.decisions.map(({ stream_id, model_asked, tier_sent }) => [stream_id, model_asked, tier_sent]),
    ).toEqual([
      ['a', MODEL, 'priority'],
      ['b', MODEL, 'default'],
      ['c', MODEL, undefined],
    ]);
  });

  it('reads a message without a type by the strictness', () => {
    const bench = socketOf(preset);
    bench.clientSends(frame('{"service_tier":"ultrafast"}'));
    if (preset === 'compatible') expect(bench.upstream).toEqual(frame('{"service_tier":"ultrafast"}'));
    else expect(bench.decisions).toMatchObject([{ action: 'refuse', code: 'missing_type' }]);
  });
});

it('applies aliases at each decision to the word that the client wrote', () => {
  const defaults = routeOf({ models: { aliases: { mine: MODEL }, normalize: 'none' } });
  const bench = new SocketBench({ environment: environmentOf({ defaults }) });
  bench.clientSends(update('mine'));
  expect(ask(bench)).toEqual({ action: 'pass', model: 'mine', captured: 'mine' });
  expect(bench.decisions[0]).toMatchObject({ model_matched: MODEL });
});

it('judges the tier that a Realtime message nests', () => {
  const bench = new SocketBench({ path: '/v1/realtime?model=gpt-5' });
  const text = '{"type":"response.create","response":{"service_tier":"priority","a":1}}';
  bench.clientSends(frame(text));
  const [sent] = readFrames(bench.upstream);
  expect(sent?.payload.toString()).toBe('{"type":"response.create","response":{"a":1}}');
  expect(bench.decisions).toMatchObject([
    {
      dialect: 'openai-realtime',
      action: 'filter',
      claims: [{ carrier: 'body:response.service_tier', asked: 'priority', model_asked: 'gpt-5' }],
    },
  ]);
});

it.each([OPCODES.text, OPCODES.binary])('judges a message of the opcode %i', (opcode) => {
  const bench = new SocketBench();
  bench.clientSends(frame(turn({ service_tier: 'flex' }), { opcode }));
  const [sent] = readFrames(bench.upstream);
  expect(sent).toMatchObject({ opcode, payload: Buffer.from(turn({ service_tier: 'default' })) });
  bench.clientSends(frame(BLOCKED, { opcode }));
  expect(bench.decisions.map(({ action }) => action)).toEqual(['force', 'block']);
});

it('lets an empty message pass', () => {
  const bench = socketOf('strict');
  bench.clientSends(frame(''));
  expect(bench.upstream).toEqual(frame(''));
  expect(bench.decisions).toEqual([]);
});

describe('the policy', () => {
  const changing = (revision: 'snapshot' | 'live') => {
    const environment = socketsWith({ revision });
    const given = { policy: environment.currentPolicy() };
    const bench = new SocketBench({ environment: { ...environment, currentPolicy: () => given.policy } });
    return { bench, given };
  };
  const passAll = { ...policyOf([]), revision: 8 };

  it('of the start of the socket is a snapshot', () => {
    const { bench, given } = changing('snapshot');
    given.policy = passAll;
    expect(ask(bench, { model: 'gpt-5' })).toMatchObject({ action: 'filter' });
    expect(bench.decisions[0]?.revision).toBe(7);
  });

  it('is live where that is asked, and that of the start where none can be had', () => {
    const { bench, given } = changing('live');
    expect(ask(bench, { model: 'gpt-5' })).toMatchObject({ action: 'filter' });
    given.policy = passAll;
    expect(ask(bench)).toMatchObject({ action: 'pass' });
    given.policy = undefined;
    expect(ask(bench)).toMatchObject({ action: 'filter' });
    expect(bench.decisions.map(({ revision }) => revision)).toEqual([7, 8, 7]);
  });
});

import { describe, expect, it } from 'vitest';
import { resolveStrictness, type StrictnessChoice } from '../../src/policy/strictness.ts';
import { claim, judge, modelOf, rule } from './support.ts';

const strictness = (choice: StrictnessChoice) => ({ strictness: resolveStrictness(choice).strictness });
const UNAVAILABLE = { kind: 'unavailable' } as const;

/** Each line alone: set on the milder preset, and taken back on the stricter one. */
const on = <Line extends keyof StrictnessChoice>(line: Line, value: StrictnessChoice[Line]) =>
  strictness({ [line]: value });
const off = <Line extends keyof StrictnessChoice>(line: Line, value: StrictnessChoice[Line]) =>
  strictness({ preset: 'strict', [line]: value });

describe.each([
  ['unknown', 'unknown_tier'],
  ['invalid', 'invalid_tier'],
] as const)('a tier that is %s', (odd, line) => {
  const claims = [claim(odd)];

  it('passes or is refused by its own line alone', () => {
    expect(judge([], { claims }).action).toBe('pass');
    const refused = judge([], { claims, ...on(line, 'refuse') });
    expect(refused.decisive).toMatchObject({
      action: 'refuse',
      code: line,
      rule: undefined,
      message: undefined,
    });
    expect(judge([], { claims, ...off(line, 'pass') }).action).toBe('pass');
    expect(judge([], { claims: [claim('priority')], ...on(line, 'refuse') }).action).toBe('pass');
  });

  it('is decided by a rule before strictness', () => {
    const rules = [rule({ service_tier: odd, action: 'pass', name: 'known-oddity' })];
    const verdict = judge(rules, { claims, ...strictness({ preset: 'strict' }) });
    expect(verdict.decisive).toMatchObject({ action: 'pass', rule: 'known-oddity' });
  });

  it('is refused behind a rule that only reports, which is recorded', () => {
    const rules = [rule({ service_tier: odd, action: 'filter', mode: 'report' })];
    const verdict = judge(rules, { claims, ...on(line, 'refuse') });
    expect(verdict.decisive).toMatchObject({
      action: 'refuse',
      reports: [{ rule: 'rule-1', action: 'filter' }],
    });
  });

  it('outranks a block of another claim', () => {
    const both = [claim('priority'), claim(odd)];
    const verdict = judge([rule({ action: 'block' })], { claims: both, ...on(line, 'refuse') });
    expect(verdict.action).toBe('refuse');
    expect(verdict.outcomes.map((outcome) => outcome.action)).toEqual(['block', 'refuse']);
  });
});

describe('no tier', () => {
  const missing = [
    rule({ service_tier: 'missing', action: 'force', force_tier: 'flex' }),
    rule({ action: 'block' }),
  ];

  it('is what a missing rule is for, and the tier that it sets is not judged again', () => {
    const verdict = judge(missing, { claims: [] });
    expect(verdict).toMatchObject({
      action: 'force',
      outcomes: [],
      missing: { forceTier: 'flex', rule: 'rule-1' },
    });
    expect(verdict.decisive).toBe(verdict.missing);
    expect(judge(missing).decisive?.rule).toBe('rule-2');
  });

  it('is nothing where no rule is for it', () => {
    expect(judge([rule({ action: 'block' })], { claims: [] })).toEqual({
      action: 'pass',
      decisive: undefined,
      outcomes: [],
      missing: undefined,
    });
    expect(
      judge([rule({ service_tier: 'missing', action: 'block', scope: 'oauth' })], { claims: [] }).missing,
    ).toBe(undefined);
  });

  it('is judged with the model of the request', () => {
    const rules = [rule({ service_tier: 'missing', action: 'block', model_whitelist: ['gpt-5.5'] })];
    expect(judge(rules, { claims: [] }).missing?.message).toBe(
      'openai service_tier is missing, which is not allowed for model gpt-5.5',
    );
    expect(judge(rules, { claims: [], requestModel: modelOf('gpt-4o') }).action).toBe('pass');
  });

  it('keeps what a rule in report mode would have done', () => {
    const verdict = judge([rule({ service_tier: 'missing', action: 'block', mode: 'report' })], {
      claims: [],
    });
    expect(verdict).toMatchObject({
      action: 'pass',
      missing: { rule: undefined, reports: [{ action: 'block' }] },
    });
    expect(verdict.decisive).toBe(verdict.missing);
  });

  it('is null by null_tier alone', () => {
    const claims = [claim('null')];
    for (const absent of [on('null_tier', 'absent'), off('null_tier', 'absent')]) {
      const verdict = judge(missing, { claims, ...absent });
      expect(verdict).toMatchObject({ action: 'pass', missing: undefined });
      expect(verdict.decisive).toBe(verdict.outcomes[0]);
    }
    const read = judge(missing, { claims: [claim('null'), claim('null')], ...on('null_tier', 'missing') });
    expect(read.action).toBe('force');
    expect(read.outcomes.map((outcome) => outcome.action)).toEqual(['pass', 'pass']);
    expect(read.decisive).toBe(read.missing);
  });

  it.each(['flex', 'unknown', 'invalid'] as const)('is not there beside a claim that is %s', (asked) => {
    const rules = [rule({ service_tier: 'missing', action: 'block' })];
    const verdict = judge(rules, { claims: [claim('null'), claim(asked)], ...on('null_tier', 'missing') });
    expect(verdict).toMatchObject({ action: 'pass', missing: undefined });
  });
});

describe('no model', () => {
  const rules = [
    rule({ service_tier: 'priority', action: 'filter', model_whitelist: ['gpt-5.5'], name: 'r' }),
  ];
  const allowList = [rule({ action: 'pass', model_whitelist: ['gpt-5.5'], fallback_action: 'block' })];
  const star = [rule({ action: 'filter', model_whitelist: ['*'] })];
  const absent = { claims: [claim('priority', modelOf(undefined))] };
  const blank = { claims: [claim('priority', modelOf(' \u0085'))] };
  const unavailable = { claims: [claim('priority', UNAVAILABLE)] };

  it.each([
    ['absent', absent],
    ['blank', blank],
  ])('is the empty model or the stricter action by missing_model alone: %s', (_, request) => {
    for (const empty of [on('missing_model', 'empty'), off('missing_model', 'empty')]) {
      expect(judge(rules, { ...request, ...empty }).decisive).toMatchObject({
        action: 'pass',
        fallback: true,
      });
      expect(judge(allowList, { ...request, ...empty }).action).toBe('block');
      expect(judge(star, { ...request, ...empty }).decisive).toMatchObject({
        action: 'filter',
        fallback: false,
      });
    }
    const stricter = on('missing_model', 'stricter');
    expect(judge(rules, { ...request, ...stricter }).decisive).toMatchObject({
      action: 'filter',
      fallback: false,
    });
    expect(judge(allowList, { ...request, ...stricter }).decisive).toMatchObject({
      action: 'block',
      fallback: true,
    });
    expect(judge(star, { ...request, ...stricter }).action).toBe('filter');
  });

  it('is always the stricter action where the model should be known and cannot be had', () => {
    for (const preset of ['compatible', 'strict'] as const) {
      const request = { ...unavailable, ...strictness({ preset }) };
      expect(judge(rules, request).decisive).toMatchObject({ action: 'filter', modelMatched: '', rule: 'r' });
      expect(judge(allowList, request).action).toBe('block');
    }
  });

  it('is the action of a rule without a list', () => {
    const unlisted = [rule({ action: 'pass', fallback_action: 'block' })];
    for (const request of [absent, unavailable]) {
      expect(judge(unlisted, { ...request, ...strictness({ preset: 'strict' }) }).action).toBe('pass');
    }
  });

  it('is what the mapping makes of the empty model', () => {
    const codex = { models: { aliases: {}, normalize: 'codex' } } as const;
    const served = [rule({ action: 'filter', model_whitelist: ['gpt-5.4'] })];
    expect(judge(served, { ...absent, ...codex }).decisive).toMatchObject({
      action: 'filter',
      modelMatched: 'gpt-5.4',
    });
    expect(judge(served, { ...unavailable, ...codex }).decisive?.modelMatched).toBe('');
  });

  it('holds for a missing rule too', () => {
    const say = [rule({ service_tier: 'missing', action: 'block', model_whitelist: ['gpt-5.5'] })];
    const request = { claims: [], requestModel: modelOf(undefined) };
    expect(judge(say, request).action).toBe('pass');
    expect(judge(say, { ...request, ...on('missing_model', 'stricter') }).action).toBe('block');
    expect(judge(say, { ...request, requestModel: UNAVAILABLE }).action).toBe('block');
  });

  it('is (none) in a message', () => {
    expect(judge([rule({ action: 'block' })], absent).decisive?.message).toBe(
      'openai service_tier=priority is not allowed for model (none)',
    );
  });
});

describe('a scope that cannot be told', () => {
  const untold = { scope: { kind: 'untold' } } as const;
  const named = (members: Record<string, unknown>) => rule({ scope: 'oauth', ...members });

  it('fits rules for all only, or any that blocks or filters, by untold_scope alone', () => {
    const rules = [named({ action: 'block' }), rule({ action: 'filter', name: 'all' })];
    for (const only of [on('untold_scope', 'all_only'), off('untold_scope', 'all_only')]) {
      expect(judge(rules, { ...untold, ...only }).decisive).toMatchObject({ action: 'filter', rule: 'all' });
    }
    expect(judge(rules, { ...untold, ...on('untold_scope', 'every_scope') }).action).toBe('block');
  });

  it.each([
    ['block', true],
    ['filter', true],
    ['force_priority', false],
    ['pass', false],
  ])('with every_scope takes a named %s rule: %j', (action, taken) => {
    const verdict = judge([named({ action }), rule({ action: 'pass', name: 'all' })], {
      ...untold,
      ...on('untold_scope', 'every_scope'),
    });
    expect(verdict.decisive?.rule).toBe(taken ? 'rule-1' : 'all');
  });

  it('looks at what the rule would do to this model', () => {
    const every = { ...untold, ...on('untold_scope', 'every_scope') };
    const allowList = named({ action: 'pass', model_whitelist: ['gpt-4o'], fallback_action: 'block' });
    const blockList = named({ action: 'block', model_whitelist: ['gpt-4o'] });
    const behind = rule({ action: 'filter', name: 'behind' });
    expect(judge([allowList, behind], every).action).toBe('block');
    expect(judge([blockList, behind], every).decisive?.rule).toBe('behind');
  });

  it('goes for rules in report mode and for users alike', () => {
    const rules = [named({ action: 'block', user_ids: ['u'] }), named({ action: 'block', mode: 'report' })];
    const every = on('untold_scope', 'every_scope');
    expect(judge(rules, { ...untold, user: 'u' }).action).toBe('pass');
    expect(judge(rules, { ...untold, user: 'u', ...every }).action).toBe('block');
    expect(judge(rules, untold).decisive?.reports).toEqual([]);
    expect(judge(rules, { ...untold, ...every }).decisive?.reports).toHaveLength(1);
  });
});

import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { judge } from '../../src/exchange/judge.ts';
import { STRICT } from '../../src/policy/strictness.ts';
import { FILTER_PRIORITY, type JudgeCase, judgeInput } from './judge-input.ts';

const HINT = 'x-codex-routing-hint';
const FAST = '{"model":"gpt-5.5","service_tier":"fast"}';

function run(given: JudgeCase) {
  return judge(judgeInput(given));
}

function rules(...list: readonly object[]) {
  return {
    rules: list.map((fields) => ({ service_tier: 'priority', action: 'filter', scope: 'all', ...fields })),
  };
}

describe('a request without a body', () => {
  it.each([undefined, ''])('passes, body %j, and is not missing a tier', (body) => {
    const policy = rules({ service_tier: 'missing', action: 'block' });
    const judgement = run({ body, policy, route: { strictness: STRICT } });
    expect(judgement).toMatchObject({ action: 'pass', body: undefined, claims: [], tierAsked: undefined });
  });

  it.each([undefined, ''])('is judged by its headers, body %j', (body) => {
    const judgement = run({ body, headers: { [HINT]: 'model=m;tier=priority' } });
    expect(judgement).toMatchObject({ action: 'filter', body: undefined, tierAsked: 'priority' });
    expect(judgement.headers.set).toEqual([{ name: HINT, value: 'model=m' }]);
  });

  it('is judged by the header that its dialect names, and by no other', () => {
    const headers = { 'x-other': 'tier=priority', [HINT]: ['tier=flex', 'tier=priority'] };
    const judgement = run({ headers });
    expect(judgement.claims.map(({ word }) => word)).toEqual(['flex', 'priority']);
    expect(judgement.headers).toEqual({ remove: [], set: [{ name: HINT, value: 'tier=flex' }], append: [] });
    expect(judgement.tierSent).toBe('flex');
  });

  it('is blocked by its headers', () => {
    const judgement = run({ headers: { [HINT]: 'tier=fast' }, policy: rules({ action: 'block' }) });
    expect(judgement).toMatchObject({ action: 'block', code: 'policy_violation', modelAsked: '' });
  });

  it('keeps the model that is known of it', () => {
    const aliases = { 'gpt-5': 'gpt-5.5' };
    const fallbackModel = { kind: 'known', word: 'gpt-5' } as const;
    const judgement = run({ fallbackModel, route: { models: { aliases, normalize: 'none' } } });
    expect(judgement).toMatchObject({ modelAsked: 'gpt-5', modelMatched: 'gpt-5.5' });
  });
});

describe('a body', () => {
  it('gives all that a decision holds', () => {
    const policy = rules(
      { mode: 'report', action: 'block', name: 'watch' },
      { name: 'slow', model_whitelist: ['gpt-5.5'] },
    );
    const models = { aliases: { 'my-*': 'gpt-5.5' }, normalize: 'none' } as const;
    const judgement = run({
      body: '{"model":" my-model ","service_tier":" Fast "}',
      policy,
      route: { models },
    });
    const reports = [{ rule: 'watch', action: 'block' }];
    expect({ ...judgement, body: judgement.body?.toString() }).toEqual({
      action: 'filter',
      enforced: true,
      code: undefined,
      message: undefined,
      body: '{"model":" my-model "}',
      headers: { remove: [], set: [], append: [] },
      claims: [
        {
          carrier: 'body:service_tier',
          word: ' Fast ',
          asked: 'priority',
          model_asked: 'my-model',
          model_matched: 'gpt-5.5',
          action: 'filter',
          rule: 'slow',
          tier_sent: undefined,
          reports,
        },
      ],
      modelAsked: 'my-model',
      modelMatched: 'gpt-5.5',
      tierAsked: 'priority',
      tierSent: undefined,
      rule: 'slow',
      reports,
    });
  });

  it('without a tier has its model in the decision, and nothing changed', () => {
    expect(run({ body: '{"model":"gpt-5.5"}' })).toMatchObject({
      action: 'pass',
      body: undefined,
      claims: [],
      modelAsked: 'gpt-5.5',
      modelMatched: 'gpt-5.5',
      tierAsked: undefined,
      tierSent: undefined,
    });
  });

  it.each([
    [FAST, 'pass', 'priority', 'priority', { rules: [] }],
    [FAST, 'filter', 'priority', undefined, FILTER_PRIORITY],
    [FAST, 'force', 'priority', 'flex', rules({ action: 'force', force_tier: 'flex' })],
    [FAST, 'block', 'priority', undefined, rules({ action: 'block' })],
    ['{"service_tier":"turbo"}', 'pass', 'unknown', undefined, FILTER_PRIORITY],
    ['{"service_tier":null}', 'pass', 'null', undefined, FILTER_PRIORITY],
    ['{"service_tier":3}', 'pass', 'invalid', undefined, FILTER_PRIORITY],
    [
      '{}',
      'force',
      undefined,
      'flex',
      rules({ service_tier: 'missing', action: 'force', force_tier: 'flex' }),
    ],
  ])('%s is %s: asks %s, gets %s', (body, action, asked, sent, policy) => {
    expect(run({ body, policy })).toMatchObject({ action, tierAsked: asked, tierSent: sent });
  });

  it('tells a null tier that a rule for missing has taken', () => {
    const policy = rules({ service_tier: 'missing', action: 'force', force_tier: 'flex', name: 'm' });
    const judgement = run({ body: '{"service_tier":null}', policy, route: { strictness: STRICT } });
    expect(judgement).toMatchObject({ action: 'force', tierAsked: 'null', tierSent: 'flex', rule: 'm' });
    expect(judgement.body?.toString()).toBe('{"service_tier":"flex"}');
  });

  it('has the outcome of its strictest claim, and tells the dearest tier that goes on', () => {
    const body =
      '{"model":"a","speed":"fast","service_tier":"auto","fallbacks":[{"model":"b","speed":"fast"}]}';
    const policy = rules({ model_whitelist: ['b'], action: 'filter', fallback_action: 'pass', name: 'r' });
    const judgement = run({ dialect: anthropicMessages, path: '/v1/messages', body, policy });
    expect(judgement).toMatchObject({
      action: 'filter',
      modelAsked: 'b',
      tierAsked: 'priority',
      tierSent: 'priority',
    });
    expect(judgement.claims.map(({ action, tier_sent }) => [action, tier_sent])).toEqual([
      ['pass', 'priority'],
      ['pass', 'auto'],
      ['filter', 'default'],
    ]);
  });

  it('adds the words of its route', () => {
    const judgement = run({ body: '{"service_tier":"Rush"}', route: { words: { rush: 'priority' } } });
    expect(judgement).toMatchObject({ action: 'filter', tierAsked: 'priority' });
  });

  it('is filtered as its route says', () => {
    expect(run({ body: FAST, route: { filter: 'default' } }).body?.toString()).toBe(
      '{"model":"gpt-5.5","service_tier":"default"}',
    );
  });

  it('of thousands of claims is judged whole and listed in part', () => {
    const fallbacks = [...Array.from({ length: 200 }, () => '{"speed":"standard"}'), '{"speed":"fast"}'];
    const body = `{"fallbacks":[${fallbacks.join(',')}]}`;
    const judgement = run({ dialect: anthropicMessages, body, policy: rules({ action: 'block' }) });
    expect(judgement.action).toBe('block');
    expect(judgement.claims).toHaveLength(64);
  });

  it('lists a rule that reports several claims once', () => {
    const policy = rules({ mode: 'report', action: 'block', name: 'watch' });
    const judgement = run({ body: FAST, headers: { [HINT]: 'tier=fast' }, policy });
    expect(judgement.claims).toHaveLength(2);
    expect(judgement.reports).toEqual([{ rule: 'watch', action: 'block' }]);
  });

  it('keeps the reports of a rule for missing', () => {
    const policy = rules({ service_tier: 'missing', mode: 'report', action: 'block', name: 'watch' });
    expect(run({ body: '{}', policy })).toMatchObject({
      action: 'pass',
      reports: [{ rule: 'watch', action: 'block' }],
    });
  });
});

describe('a refusal', () => {
  it.each([
    ['{"a":', 'malformed_json', /byte \d+\)$/],
    ['{"service_tier":"flex","Service_Tier":"fast"}', 'ambiguous_member', /byte \d+\)$/],
    ['{"service_tier":"secret\\ud800"}', 'malformed_json', /\(service_tier holds half a surrogate pair\)$/],
    [`${'{"a":'.repeat(513)}1${'}'.repeat(513)}`, 'json_too_deep', /byte \d+\)$/],
  ])('of %.60s has the code %s and the place', (body, code, place) => {
    const judgement = run({ body });
    expect(judgement).toMatchObject({ action: 'refuse', enforced: true, code, body: undefined, claims: [] });
    expect(judgement.message).toMatch(place);
    expect(judgement.message).not.toContain('secret');
  });

  it('of too many members follows the limit', () => {
    const judgement = run({ body: '{"a":1,"b":2}', limits: { depth: 512, members: 1 } });
    expect(judgement.code).toBe('json_too_many_members');
  });

  it.each([
    ['{"service_tier":"secret"}', 'unknown_tier'],
    ['{"service_tier":["secret"]}', 'invalid_tier'],
  ])('of %s under strict names the carrier and nothing of the value', (body, code) => {
    const judgement = run({ body, route: { strictness: STRICT } });
    expect(judgement).toMatchObject({ action: 'refuse', code });
    expect(judgement.message).toMatch(/\(body:service_tier\)$/);
    expect(judgement.message).not.toContain('secret');
  });

  it('of a forced tier that the dialect has no word for names both', () => {
    const policy = rules({ action: 'force', force_tier: 'flex', name: 'f' });
    const judgement = run({ dialect: anthropicMessages, body: '{"speed":"fast"}', policy });
    expect(judgement).toMatchObject({
      action: 'refuse',
      code: 'unsupported_tier',
      rule: 'f',
      tierAsked: 'priority',
      tierSent: undefined,
      body: undefined,
    });
    expect(judgement.message).toMatch(/\(flex in anthropic-messages\)$/);
  });
});

describe('under report', () => {
  const cases: readonly (readonly [string, JudgeCase, object])[] = [
    ['filter', { body: FAST, headers: { [HINT]: 'tier=fast' } }, { action: 'filter', tierSent: 'priority' }],
    [
      'block',
      { body: FAST, policy: rules({ action: 'block', error_message: 'no' }) },
      { action: 'block', code: 'policy_violation', message: 'no', tierSent: 'priority' },
    ],
    [
      'force',
      { body: '{}', policy: rules({ service_tier: 'missing', action: 'force', force_tier: 'flex' }) },
      { action: 'force', tierSent: undefined },
    ],
    ['an unknown tier', { body: '{"service_tier":"turbo"}' }, { action: 'pass', tierSent: undefined }],
    ['an alias', { body: FAST, policy: { rules: [] } }, { action: 'pass', tierSent: 'priority' }],
    ['malformed JSON', { body: '{' }, { action: 'refuse', code: 'malformed_json' }],
    [
      'an unsupported tier',
      {
        dialect: anthropicMessages,
        body: '{"speed":"fast"}',
        policy: rules({ action: 'force', force_tier: 'flex' }),
      },
      { action: 'refuse', code: 'unsupported_tier', tierSent: 'priority' },
    ],
  ];

  it.each(cases)('of the route, %s is recorded and changes nothing', (_, given, expected) => {
    const judgement = run({ ...given, route: { enforcement: 'report' } });
    expect(judgement).toMatchObject({ ...expected, enforced: false, body: undefined });
    expect(judgement.headers).toEqual({ remove: [], set: [], append: [] });
  });

  it.each(cases)('of the policy, %s is recorded and changes nothing', (_, given, expected) => {
    const input = judgeInput(given);
    const judgement = judge({ ...input, policy: { ...input.policy, enforcement: 'report' } });
    expect(judgement).toMatchObject({ ...expected, enforced: false, body: undefined });
    expect(judgement.headers).toEqual({ remove: [], set: [], append: [] });
  });
});

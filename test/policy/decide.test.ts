import { describe, expect, it } from 'vitest';
import { compilePolicy } from '../../src/policy/compile.ts';
import { decide } from '../../src/policy/decide.ts';
import type { PolicyRule } from '../../src/policy/schema.ts';
import { COMPATIBLE } from '../../src/policy/strictness.ts';
import { TIERS } from '../../src/policy/tiers.ts';
import { claim, judge, modelOf, NO_MAPPING, rule } from './support.ts';

const block = (members: Record<string, unknown> = {}) =>
  rule({ service_tier: 'priority', action: 'block', ...members });
const pass = (members: Record<string, unknown> = {}) =>
  rule({ service_tier: 'priority', action: 'pass', ...members });

describe('which rule decides', () => {
  it('is the first whose scope and tier fit, whatever its models', () => {
    const verdict = judge([
      block({ scope: 'oauth' }),
      block({ service_tier: 'flex' }),
      rule({ service_tier: 'all', action: 'filter', model_whitelist: ['gpt-4o'], name: 'first' }),
      block(),
    ]);
    expect(verdict.action).toBe('pass');
    expect(verdict.decisive).toMatchObject({ rule: 'first', ruleIndex: 2, fallback: true });
  });

  it('is none where no rule fits', () => {
    const verdict = judge([block({ scope: 'oauth' })]);
    expect(verdict).toMatchObject({ action: 'pass', missing: undefined });
    expect(verdict.decisive).toMatchObject({ rule: undefined, ruleIndex: undefined, fallback: false });
  });

  it('is one of any scope in its list, or one that lists all', () => {
    expect(judge([block({ scope: ['oauth', 'apikey'] })]).action).toBe('block');
    expect(judge([block({ scope: ['oauth', 'bedrock'] })]).action).toBe('pass');
    expect(judge([block({ scope: ['oauth', 'all'] })]).action).toBe('block');
    const team = { scope: { kind: 'known', name: 'team-a' } } as const;
    expect(judge([block({ scope: 'team-a' })], team).action).toBe('block');
    expect(judge([block({ scope: 'team-b' })], team).action).toBe('pass');
  });

  it('covers with all every known tier and nothing else', () => {
    const rules = [rule({ action: 'block' })];
    for (const tier of TIERS) expect(judge(rules, { claims: [claim(tier)] }).action).toBe('block');
    for (const odd of ['unknown', 'invalid', 'null'] as const) {
      expect(judge(rules, { claims: [claim(odd)] }).action).toBe('pass');
    }
    expect(judge(rules, { claims: [] }).action).toBe('pass');
  });

  it.each(['unknown', 'invalid'] as const)('can be one for %s', (odd) => {
    const rules = [block({ service_tier: odd, error_message: 'no {tier}' })];
    const verdict = judge(rules, { claims: [claim(odd)] });
    expect(verdict.decisive).toMatchObject({ action: 'block', message: `no ${odd}`, rule: 'rule-1' });
    expect(judge(rules).action).toBe('pass');
    expect(judge(rules, { claims: [claim(odd === 'unknown' ? 'invalid' : 'unknown')] }).action).toBe('pass');
  });

  it('tries rules that list the user first, in order, then rules for everyone', () => {
    const rules = [
      block({ name: 'everyone' }),
      pass({ user_ids: [42], scope: 'oauth' }),
      rule({ service_tier: 'priority', action: 'filter', user_ids: ['7', 42], name: 'second' }),
      pass({ user_ids: [42], name: 'third' }),
    ];
    expect(judge(rules, { user: '42' }).decisive).toMatchObject({ rule: 'second', action: 'filter' });
    expect(judge(rules, { user: '8' }).decisive?.rule).toBe('everyone');
    expect(judge(rules).decisive?.rule).toBe('everyone');
  });

  it('skips disabled rules', () => {
    expect(judge([block({ enabled: false }), pass({ name: 'second' })]).decisive?.rule).toBe('second');
    expect(judge([block({ enabled: true })]).action).toBe('block');
  });

  it('records rules in report mode and goes on behind them', () => {
    const verdict = judge(
      [
        block({ mode: 'report', name: 'would', user_ids: ['u'] }),
        block({ mode: 'report', model_whitelist: ['other'], fallback_action: 'filter', name: 'listed' }),
        block({ mode: 'report', scope: 'oauth', name: 'elsewhere' }),
        pass({ name: 'real' }),
        block({ mode: 'report', name: 'behind' }),
      ],
      { user: 'u' },
    );
    expect(verdict.action).toBe('pass');
    expect(verdict.decisive).toMatchObject({
      rule: 'real',
      reports: [
        { rule: 'would', action: 'block' },
        { rule: 'listed', action: 'filter' },
      ],
    });
  });

  it('keeps reports where nothing decides', () => {
    expect(judge([block({ mode: 'report' })])).toMatchObject({
      action: 'pass',
      decisive: { rule: undefined, reports: [{ rule: 'rule-1', action: 'block' }] },
    });
  });
});

describe('what the rule does', () => {
  it.each([
    [{ action: 'pass' }, { action: 'pass', forceTier: undefined }],
    [{ action: 'filter' }, { action: 'filter', forceTier: undefined }],
    [
      { action: 'force', force_tier: 'flex' },
      { action: 'force', forceTier: 'flex' },
    ],
    [{ action: 'force_priority' }, { action: 'force', forceTier: 'priority' }],
    [
      { action: 'force_priority', force_tier: 'flex' },
      { action: 'force', forceTier: 'priority' },
    ],
    [
      { action: 'filter', force_tier: 'flex' },
      { action: 'filter', forceTier: undefined },
    ],
  ])('%j', (members, expected) => {
    expect(judge([rule(members)]).decisive).toMatchObject({ ...expected, fallback: false, code: undefined });
  });

  it.each([
    [{}, { action: 'pass', forceTier: undefined }],
    [{ fallback_action: 'filter' }, { action: 'filter' }],
    [
      { fallback_action: 'force', force_tier: 'default' },
      { action: 'force', forceTier: 'default' },
    ],
    [
      { fallback_action: 'force_priority', force_tier: 'flex' },
      { action: 'force', forceTier: 'priority' },
    ],
    [
      { fallback_action: 'block', fallback_error_message: 'f' },
      { action: 'block', message: 'f' },
    ],
    [
      { fallback_action: 'block', error_message: 'e' },
      { action: 'block', message: expect.stringContaining('openai') },
    ],
  ])('with a list that misses the model: %j', (members, expected) => {
    const outcome = judge([
      rule({ action: 'block', model_whitelist: ['gpt-4o', 'o*'], ...members }),
    ]).decisive;
    expect(outcome).toMatchObject({ ...expected, fallback: true });
  });

  it('matches the model that will be served and tells the client its own word', () => {
    const models = { aliases: { 'house-*': 'gpt-5.5' }, normalize: 'none' } as const;
    const verdict = judge([block({ model_whitelist: ['gpt-5.5'] })], {
      models,
      claims: [claim('priority', modelOf(' house-big '))],
    });
    expect(verdict.decisive).toMatchObject({
      action: 'block',
      modelMatched: 'gpt-5.5',
      message: 'openai service_tier=priority is not allowed for model house-big',
    });
    const codex = { aliases: {}, normalize: 'codex' } as const;
    const claims = [claim('priority', modelOf('openai/gpt-5.5-high'))];
    expect(judge([block({ model_whitelist: ['gpt-5.5'] })], { models: codex, claims }).action).toBe('block');
  });
});

describe('several claims', () => {
  const rules = [
    block({ model_whitelist: ['gpt-5.5'], name: 'b' }),
    rule({ service_tier: 'flex', action: 'filter', name: 'f' }),
    rule({ service_tier: 'auto', action: 'force', force_tier: 'default' }),
  ];

  it('are each judged with their own model, and the strictest is the verdict', () => {
    const claims = [
      claim('auto'),
      claim('priority', modelOf('gpt-4o'), 'body:fallbacks[0].speed'),
      claim('flex'),
      claim('priority'),
      claim('priority', modelOf('gpt-5.5'), 'header:x'),
    ];
    const verdict = judge(rules, { claims });
    expect(verdict.outcomes.map((outcome) => outcome.action)).toEqual([
      'force',
      'pass',
      'filter',
      'block',
      'block',
    ]);
    expect(verdict.outcomes.map((outcome) => outcome.claim)).toEqual(claims);
    expect(verdict.action).toBe('block');
    expect(verdict.decisive).toBe(verdict.outcomes[3]);
    expect(verdict.missing).toBeUndefined();
  });

  it('have the first as decisive among equals', () => {
    const verdict = judge([], { claims: [claim('flex'), claim('priority')] });
    expect(verdict.decisive).toBe(verdict.outcomes[0]);
  });
});

describe('compilePolicy', () => {
  it('shares nothing with the document', () => {
    const source = { service_tier: 'priority', action: 'block', scope: ['apikey'], user_ids: ['u'] };
    const document = { rules: [source as unknown as PolicyRule] };
    const policy = compilePolicy(document);
    source.scope.push('oauth');
    source.user_ids.push('v');
    source.action = 'pass';
    document.rules.length = 0;
    const request = {
      policy,
      claims: [claim('priority')],
      requestModel: modelOf('m'),
      strictness: COMPATIBLE,
    };
    const actionFor = (scope: string, user: string) =>
      decide({ ...request, scope: { kind: 'known', name: scope }, user, models: NO_MAPPING }).action;
    expect(actionFor('apikey', 'u')).toBe('block');
    expect(actionFor('apikey', 'v')).toBe('pass');
    expect(actionFor('oauth', 'u')).toBe('pass');
    expect(policy.rules.map((compiled) => compiled.name)).toEqual(['rule-1']);
  });
});

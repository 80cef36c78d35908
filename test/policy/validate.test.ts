import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/policy/faults.ts';
import {
  MAX_MESSAGE_LENGTH,
  MAX_NAME_LENGTH,
  MAX_PATTERN_LENGTH,
  MAX_PATTERNS,
  MAX_RULES,
  MAX_SCOPES,
  MAX_USER_LENGTH,
  MAX_USERS,
  policyJsonSchema,
  RULE_FIELDS,
} from '../../src/policy/schema.ts';
import { validatePolicy } from '../../src/policy/validate.ts';
import { documentOf } from './support.ts';

const GOOD = { service_tier: 'priority', action: 'filter', scope: 'all' };

function faultsOf(value: unknown, scopes: readonly string[] = []): readonly Fault[] {
  const result = validatePolicy(value, { scopes });
  return result.ok ? [] : result.faults;
}

function ruleFaults(members: Record<string, unknown>): readonly Fault[] {
  return faultsOf({ rules: [{ ...GOOD, ...members }] });
}

const pathsOf = (faults: readonly Fault[]): string[] => faults.map((fault) => fault.path);

describe('the document', () => {
  it.each([[null], [[]], ['x'], [1], [undefined]])('must be an object: %j', (value) => {
    expect(pathsOf(faultsOf(value))).toEqual(['']);
  });

  it('must hold rules that are objects', () => {
    expect(pathsOf(faultsOf({ rules: [GOOD, 1, null, [], 'x'] }))).toEqual(
      [1, 2, 3, 4].map((at) => `rules[${at}]`),
    );
  });

  it('names every fault at once, in the order of the rules', () => {
    const faults = faultsOf({
      extra: 1,
      rules: [
        { ...GOOD, name: 'same', scope: 'nowhere' },
        { ...GOOD, name: 'same', action: 'Filter', odd: 1, 'two words': 2 },
        { ...GOOD, user_ids: [1, 1, -1], scope: ['all', 'nowhere', 3] },
      ],
    });
    expect(pathsOf(faults)).toEqual([
      'extra',
      'rules[0].scope',
      'rules[1].action',
      'rules[1].odd',
      'rules[1]["two words"]',
      'rules[1].name',
      'rules[2].user_ids[2]',
      'rules[2].scope[1]',
      'rules[2].scope[2]',
      'rules[2].user_ids[1]',
    ]);
    for (const fault of faults) {
      expect(fault.message).not.toBe('');
      expect(fault.remedy).not.toBe('');
    }
  });

  it('refuses the keys of prototypes as unknown members', () => {
    expect(pathsOf(faultsOf(JSON.parse('{"rules":[],"__proto__":{"rules":[]}}')))).toEqual(['__proto__']);
    const rule = JSON.parse('{"action":"pass","scope":"all","__proto__":{"x":1},"constructor":1}') as object;
    expect(pathsOf(faultsOf({ rules: [rule] })).sort()).toEqual([
      'rules[0].__proto__',
      'rules[0].constructor',
    ]);
  });

  it('never throws and never accepts what it does not store', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom(...RULE_FIELDS), fc.jsonValue()),
        (any, members) => {
          expect(validatePolicy(any, { scopes: [] }).ok).toBe(false);
          const result = validatePolicy({ rules: [members] }, { scopes: [] });
          if (result.ok) expect(validatePolicy(result.document, { scopes: [] })).toEqual(result);
          else expect(result.faults.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('faults', () => {
  it.each([
    [{ sope: 'all' }, 'rules[0].sope', 'Did you mean scope?'],
    [{ model_whitelst: [] }, 'rules[0].model_whitelst', 'Did you mean model_whitelist?'],
    [{ unrelated: 1 }, 'rules[0].unrelated', 'known here: name, enabled, mode, service_tier'],
    [{ action: 'Block' }, 'rules[0].action', 'pass, filter, block, force, force_priority'],
    [{ service_tier: 'turbo' }, 'rules[0].service_tier', 'ultrafast, all, missing, unknown, invalid'],
    [{ scope: 'team-x' }, 'rules[0].scope', 'all, oauth, apikey, bedrock'],
    [{ action: 'force' }, 'rules[0].force_tier', 'flex, default, auto, scale, priority, ultrafast'],
  ])('%j say what to do', (members, path, remedy) => {
    expect(ruleFaults(members)).toEqual([
      { path, message: expect.any(String) as string, remedy: expect.stringContaining(remedy) as string },
    ]);
  });

  it('say what is wrong, and cut what they show', () => {
    expect(ruleFaults({ action: 'x'.repeat(1000) })[0]?.message).toBe(
      `"${'x'.repeat(64)}…" is not allowed here`,
    );
    expect(ruleFaults({ enabled: 'yes' })[0]?.message).toBe('"yes" is not allowed here');
    expect(ruleFaults({ enabled: 1 })[0]?.message).toBe('1 is not allowed here');
    expect(ruleFaults({ action: null })[0]?.message).toBe('null is not allowed here');
    expect(ruleFaults({ action: ['x'] })[0]?.message).toBe('a list is not allowed here');
    expect(ruleFaults({ action: {} })[0]?.message).toBe('an object is not allowed here');
    expect(ruleFaults({ action: true })[0]?.message).toBe('true or false is not allowed here');
    expect(ruleFaults({ action: undefined })[0]?.message).toBe('is required');
    expect(faultsOf({ rule: [], rules: [] })[0]?.remedy).toBe('Did you mean rules?');
  });

  it('name the configured scopes among the allowed ones', () => {
    const [fault] = faultsOf({ rules: [{ ...GOOD, scope: 'team-x' }] }, ['team-a']);
    expect(fault?.remedy).toContain('all, oauth, apikey, bedrock, team-a');
    expect(faultsOf({ rules: [{ ...GOOD, scope: ['team-a', 'oauth'] }] }, ['team-a'])).toEqual([]);
  });
});

describe('members', () => {
  it.each([
    ['name', 'a\nb', 'rules[0].name'],
    ['name', 5, 'rules[0].name'],
    ['name', 'x'.repeat(MAX_NAME_LENGTH + 1), 'rules[0].name'],
    ['enabled', 'true', 'rules[0].enabled'],
    ['mode', 'Report', 'rules[0].mode'],
    ['service_tier', null, 'rules[0].service_tier'],
    ['service_tier', 5, 'rules[0].service_tier'],
    ['service_tier', 'PRİORITY', 'rules[0].service_tier'],
    ['action', ' filter', 'rules[0].action'],
    ['force_tier', 'all', 'rules[0].force_tier'],
    ['scope', 'OAuth', 'rules[0].scope'],
    ['scope', [], 'rules[0].scope'],
    ['scope', null, 'rules[0].scope'],
    ['scope', Array(MAX_SCOPES + 1).fill('all'), 'rules[0].scope'],
    ['model_whitelist', 'gpt-5', 'rules[0].model_whitelist'],
    ['model_whitelist', null, 'rules[0].model_whitelist'],
    ['model_whitelist', ['a', 5], 'rules[0].model_whitelist[1]'],
    ['model_whitelist', ['x'.repeat(MAX_PATTERN_LENGTH + 1)], 'rules[0].model_whitelist[0]'],
    ['model_whitelist', Array(MAX_PATTERNS + 1).fill('a'), 'rules[0].model_whitelist'],
    ['fallback_action', 'Block', 'rules[0].fallback_action'],
    ['fallback_error_message', 5, 'rules[0].fallback_error_message'],
    ['error_message', 'x'.repeat(MAX_MESSAGE_LENGTH + 1), 'rules[0].error_message'],
    ['user_ids', [1.5], 'rules[0].user_ids[0]'],
    ['user_ids', [-1], 'rules[0].user_ids[0]'],
    ['user_ids', [2 ** 53], 'rules[0].user_ids[0]'],
    ['user_ids', ['a', ' '], 'rules[0].user_ids[1]'],
    ['user_ids', ['a', ' a '], 'rules[0].user_ids[1]'],
    ['user_ids', [true], 'rules[0].user_ids[0]'],
    ['user_ids', ['x'.repeat(MAX_USER_LENGTH + 1)], 'rules[0].user_ids[0]'],
    ['user_ids', Array.from({ length: MAX_USERS + 1 }, (_, at) => at + 1), 'rules[0].user_ids'],
  ])('%s cannot be %j', (member, value, path) => {
    expect(pathsOf(ruleFaults({ [member]: value }))).toEqual([path]);
  });

  it('are accepted up to their caps', () => {
    const longest = {
      name: 'x'.repeat(MAX_NAME_LENGTH),
      model_whitelist: Array(MAX_PATTERNS).fill('x'.repeat(MAX_PATTERN_LENGTH)),
      error_message: 'x'.repeat(MAX_MESSAGE_LENGTH),
      user_ids: Array.from({ length: MAX_USERS }, (_, at) => at + 1),
      scope: Array(MAX_SCOPES).fill('all'),
    };
    expect(ruleFaults(longest)).toEqual([]);
    expect(faultsOf({ rules: Array(MAX_RULES).fill(GOOD) })).toEqual([]);
    expect(pathsOf(faultsOf({ rules: Array(MAX_RULES + 1).fill({}) }))).toEqual(['rules']);
  });

  it('need force_tier where an action or a fallback is force, and only there', () => {
    expect(pathsOf(ruleFaults({ fallback_action: 'force' }))).toEqual(['rules[0].force_tier']);
    expect(pathsOf(ruleFaults({ action: 'force', force_tier: ' ' }))).toEqual(['rules[0].force_tier']);
    expect(ruleFaults({ action: 'force_priority', fallback_action: 'force_priority' })).toEqual([]);
  });

  it('refuse a name that a blank one already reads as', () => {
    const clash = { rules: [{ ...GOOD, name: 'rule-2' }, GOOD] };
    expect(pathsOf(faultsOf(clash))).toEqual(['rules[1].name']);
    expect(pathsOf(faultsOf({ rules: [GOOD, { ...GOOD, name: ' rule-1 ' }] }))).toEqual(['rules[1].name']);
    const noText = {
      rules: [
        { ...GOOD, name: 5 },
        { ...GOOD, name: 5 },
      ],
    };
    expect(pathsOf(faultsOf(noText))).toEqual(['rules[0].name', 'rules[1].name']);
  });
});

describe('what is stored', () => {
  it('has canonical tiers, trimmed names, patterns and users, verbatim messages and no blank members', () => {
    const document = documentOf({
      name: ' n ',
      enabled: true,
      mode: '',
      service_tier: ' FAST\u0085',
      action: 'force',
      force_tier: ' Fast ',
      scope: 'all',
      model_whitelist: [' gpt-5.5* '],
      fallback_action: '',
      error_message: '  as it is\n',
      fallback_error_message: '',
      user_ids: [' u ', 7],
    });
    expect(document.rules[0]).toEqual({
      name: 'n',
      enabled: true,
      service_tier: 'priority',
      action: 'force',
      force_tier: 'priority',
      scope: 'all',
      model_whitelist: ['gpt-5.5*'],
      error_message: '  as it is\n',
      user_ids: ['u', 7],
    });
  });

  it.each([undefined, '', '   ', '\u0085', 'All'])('reads the tier %j as all', (tier) => {
    expect(documentOf({ ...GOOD, service_tier: tier }).rules[0]?.service_tier).toBe('all');
  });

  it('keeps force_priority as written and leaves empty lists out', () => {
    const document = documentOf({
      ...GOOD,
      action: 'force_priority',
      model_whitelist: [],
      user_ids: [],
      name: ' ',
    });
    expect(document.rules[0]).toEqual({ service_tier: 'priority', action: 'force_priority', scope: 'all' });
  });

  it('comes with the warnings of the linter', () => {
    const result = validatePolicy({ rules: [GOOD, GOOD] }, { scopes: [] });
    expect(result.ok && result.lint.map((warning) => warning.code)).toContain('unreachable_rule');
  });
});

describe('policyJsonSchema', () => {
  it('describes every member and refuses others', () => {
    const schema = policyJsonSchema() as {
      properties: { rules: { items: { properties: Record<string, { description?: string }> } } };
    };
    const { items } = schema.properties.rules;
    expect(Object.keys(items.properties)).toEqual(RULE_FIELDS);
    for (const member of Object.values(items.properties)) expect(member.description).toMatch(/\.$/);
    expect(items).toMatchObject({
      additionalProperties: false,
      required: ['service_tier', 'action', 'scope'],
    });
    expect(schema).toMatchObject({ additionalProperties: false, required: ['rules'] });
  });
});

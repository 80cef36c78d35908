import { describe, expect, it } from 'vitest';
import { type LintCode, lintPolicy } from '../../src/policy/lint.ts';
import { documentOf, rule } from './support.ts';

const priority = (members: Record<string, unknown> = {}) =>
  rule({ service_tier: 'priority', action: 'pass', ...members });

/** Paths of the warnings with the given code. */
function pathsWith(code: LintCode, ...rules: Record<string, unknown>[]): string[] {
  return lintPolicy(documentOf(...rules)).flatMap((warning) => (warning.code === code ? [warning.path] : []));
}

describe('unreachable_rule', () => {
  const unreachable = (...rules: Record<string, unknown>[]) => pathsWith('unreachable_rule', ...rules);

  it('warns of a rule behind one for the same tier and scope, whatever its models', () => {
    const document = documentOf(
      priority({ model_whitelist: ['a'], name: 'first' }),
      priority({ action: 'block' }),
    );
    expect(lintPolicy(document)).toContainEqual({
      path: 'rules[1]',
      code: 'unreachable_rule',
      text: 'can never be reached: rules[0] ("first") decides first, whether the model is on its list or not',
    });
  });

  it.each([
    ['all covers each tier', [rule({ action: 'pass' }), priority()], ['rules[1]']],
    ['a tier does not cover all', [priority(), rule({ action: 'pass' })], []],
    [
      'all does not cover missing',
      [rule({ action: 'pass' }), rule({ service_tier: 'missing', action: 'pass' })],
      [],
    ],
    ['scope all covers each scope', [priority(), priority({ scope: 'oauth' })], ['rules[1]']],
    ['a scope does not cover all', [priority({ scope: 'oauth' }), priority()], []],
    [
      'a list covers its part',
      [priority({ scope: ['oauth', 'apikey'] }), priority({ scope: 'apikey' })],
      ['rules[1]'],
    ],
    [
      'a part does not cover a list',
      [priority({ scope: 'apikey' }), priority({ scope: ['oauth', 'apikey'] })],
      [],
    ],
    [
      'several rules together cover one',
      [priority({ scope: 'oauth' }), priority({ scope: 'apikey' }), priority({ scope: ['apikey', 'oauth'] })],
      ['rules[2]'],
    ],
    ['a report rule takes nothing', [priority({ mode: 'report' }), priority()], []],
    ['a report rule can be unreachable', [priority(), priority({ mode: 'report' })], ['rules[1]']],
    [
      'a disabled rule takes nothing and is left alone',
      [priority({ enabled: false }), priority(), priority({ enabled: false })],
      [],
    ],
    ['everyone does not cover a user, who is tried first', [priority(), priority({ user_ids: [1] })], []],
    ['a user does not cover everyone', [priority({ user_ids: [1] }), priority()], []],
    [
      'users are compared as text',
      [priority({ user_ids: [1, 2] }), priority({ user_ids: ['2'] })],
      ['rules[1]'],
    ],
    [
      'a part of the users is not all of them',
      [priority({ user_ids: [1] }), priority({ user_ids: [1, 2] })],
      [],
    ],
  ])('%s', (_, rules, paths) => {
    expect(unreachable(...rules)).toEqual(paths);
  });

  it('names the rules that take the requests, and no others', () => {
    const warnings = lintPolicy(
      documentOf(
        rule({ service_tier: 'flex', action: 'pass', user_ids: [1] }),
        priority({ user_ids: [1], mode: 'report' }),
        priority({ user_ids: [2], name: 'of another user' }),
        priority({ user_ids: [1, 2], scope: 'oauth', name: 'one scope' }),
        priority({ user_ids: [1], scope: ['oauth', 'apikey'], name: 'the other' }),
        priority({ user_ids: [1], name: 'not needed any more' }),
        priority({ user_ids: [1], scope: ['apikey', 'oauth'] }),
      ),
    );
    expect(warnings.find((warning) => warning.path === 'rules[6]')?.text).toContain(
      ': rules[3] ("one scope"), rules[4] ("the other") decides first',
    );
  });

  it('covers all by a rule for each tier', () => {
    const each = ['flex', 'default', 'auto', 'scale', 'priority', 'ultrafast'].map((service_tier) =>
      priority({ service_tier }),
    );
    expect(unreachable(...each, rule({ action: 'block' }))).toEqual(['rules[6]']);
    expect(unreachable(...each.slice(1), rule({ action: 'block' }))).toEqual([]);
    const [warning] = lintPolicy(documentOf(...each, rule({ action: 'block' })));
    expect(warning?.text.match(/rules\[/g)).toHaveLength(3);
  });
});

describe('ungoverned_higher_tier', () => {
  const ungoverned = (...rules: Record<string, unknown>[]) => pathsWith('ungoverned_higher_tier', ...rules);
  const filter = (members: Record<string, unknown> = {}) => priority({ action: 'filter', ...members });
  const ultrafast = (members: Record<string, unknown> = {}) =>
    priority({ service_tier: 'ultrafast', ...members });

  it.each([
    ['a filtered tier below a free one', [filter()], ['rules[0].service_tier']],
    ['a blocked one', [filter({ action: 'block' })], ['rules[0].service_tier']],
    [
      'a fallback that blocks',
      [priority({ model_whitelist: ['a'], fallback_action: 'block' })],
      ['rules[0].service_tier'],
    ],
    ['a fallback without a list', [priority({ fallback_action: 'block' })], []],
    ['a passed tier', [priority()], []],
    ['a rule for the tier above, before or behind', [filter(), ultrafast()], []],
    ['a rule for all', [filter(), rule({ action: 'pass' })], []],
    ['a disabled rule above', [filter(), ultrafast({ enabled: false })], ['rules[0].service_tier']],
    ['a disabled filter', [filter({ enabled: false })], []],
    ['a rule above for users only', [filter(), ultrafast({ user_ids: [1] })], ['rules[0].service_tier']],
    ['both for users', [filter({ user_ids: [1] }), ultrafast({ user_ids: [1] })], []],
    [
      'a rule above for another scope',
      [filter({ scope: 'oauth' }), ultrafast({ scope: 'apikey' })],
      ['rules[0].service_tier'],
    ],
    [
      'a rule above for one scope only',
      [filter(), ultrafast({ scope: 'apikey' })],
      ['rules[0].service_tier'],
    ],
    [
      'rules above for each scope',
      [filter({ scope: ['oauth', 'apikey'] }), ultrafast({ scope: 'oauth' }), ultrafast({ scope: 'apikey' })],
      [],
    ],
    ['flex, which is no dear tier', [filter({ service_tier: 'flex' })], []],
    ['the highest tier', [filter({ service_tier: 'ultrafast' })], []],
    ['unknown', [filter({ service_tier: 'unknown' })], []],
  ])('%s', (_, rules, paths) => {
    expect(ungoverned(...rules)).toEqual(paths);
  });

  it('names the free tiers', () => {
    const warnings = lintPolicy(documentOf(rule({ service_tier: 'auto', action: 'block' })));
    expect(warnings.map((warning) => warning.text)).toEqual([
      expect.stringContaining('(priority, ultrafast)'),
    ]);
  });
});

describe('filter_strips_default', () => {
  const strips = (...rules: Record<string, unknown>[]) => pathsWith('filter_strips_default', ...rules);

  it.each([
    ['all', [rule({ action: 'filter' })], ['rules[0].service_tier']],
    ['default', [rule({ service_tier: 'default', action: 'filter' })], ['rules[0].service_tier']],
    [
      'a fallback',
      [rule({ action: 'pass', model_whitelist: ['a'], fallback_action: 'filter' })],
      ['rules[0].service_tier'],
    ],
    ['a fallback that is never taken', [rule({ action: 'pass', fallback_action: 'filter' })], []],
    ['another tier', [rule({ service_tier: 'auto', action: 'filter' })], []],
    ['block', [rule({ action: 'block' })], []],
    [
      'all behind a rule for default',
      [rule({ service_tier: 'default', action: 'pass' }), rule({ action: 'filter' })],
      [],
    ],
  ])('%s', (_, rules, paths) => {
    expect(strips(...rules)).toEqual(paths);
  });
});

describe('warnings of one rule', () => {
  const missing = (members: Record<string, unknown>) => rule({ service_tier: 'missing', ...members });
  const list = { model_whitelist: ['a'] };

  it.each<[LintCode, Record<string, unknown>, string[]]>([
    [
      'pattern_never_matches',
      priority({ model_whitelist: ['a*', 'a*b', 'a b', '*'] }),
      ['model_whitelist[1]', 'model_whitelist[2]'],
    ],
    ['missing_filter', missing({ action: 'filter' }), ['action']],
    ['missing_filter', missing({ action: 'block', ...list, fallback_action: 'filter' }), ['fallback_action']],
    ['missing_filter', missing({ action: 'block', fallback_action: 'filter' }), []],
    ['missing_filter', priority({ action: 'filter' }), []],
    ['unused_error_message', priority({ error_message: 'x' }), ['error_message']],
    ['unused_error_message', priority({ action: 'block', error_message: 'x' }), []],
    [
      'unused_fallback_error_message',
      priority({ ...list, fallback_error_message: 'x' }),
      ['fallback_error_message'],
    ],
    [
      'unused_fallback_error_message',
      priority({ fallback_action: 'block', fallback_error_message: 'x' }),
      ['fallback_error_message'],
    ],
    [
      'unused_fallback_error_message',
      priority({ ...list, fallback_action: 'block', fallback_error_message: 'x' }),
      [],
    ],
    ['unused_fallback_action', priority({ fallback_action: 'block' }), ['fallback_action']],
    ['unused_fallback_action', priority({ ...list, fallback_action: 'block' }), []],
    [
      'unreachable_fallback',
      priority({ model_whitelist: ['a', '*'], fallback_action: 'block' }),
      ['fallback_action'],
    ],
    ['unreachable_fallback', priority({ model_whitelist: ['*'] }), []],
    ['unreachable_fallback', priority({ ...list, fallback_action: 'block' }), []],
    ['unused_force_tier', priority({ force_tier: 'flex' }), ['force_tier']],
    ['unused_force_tier', priority({ action: 'force_priority', force_tier: 'flex' }), ['force_tier']],
    ['unused_force_tier', priority({ fallback_action: 'force', force_tier: 'flex' }), ['force_tier']],
    ['unused_force_tier', priority({ ...list, fallback_action: 'force', force_tier: 'flex' }), []],
    ['unused_force_tier', priority({ action: 'force', force_tier: 'flex' }), []],
    ['force_without_models', priority({ action: 'force', force_tier: 'flex' }), ['action']],
    ['force_without_models', priority({ action: 'force_priority' }), ['action']],
    ['force_without_models', priority({ action: 'force_priority', ...list }), []],
  ])('%s: %j', (code, members, at) => {
    expect(pathsWith(code, members)).toEqual(at.map((member) => `rules[0].${member}`));
  });

  it('say nothing of a plain policy', () => {
    expect(
      lintPolicy(
        documentOf(
          priority({ action: 'block', ...list, error_message: 'x' }),
          priority({ service_tier: 'ultrafast' }),
        ),
      ),
    ).toEqual([]);
    expect(lintPolicy(documentOf())).toEqual([]);
  });
});

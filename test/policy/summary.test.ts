import { describe, expect, it } from 'vitest';
import { describeRule } from '../../src/policy/summary.ts';
import { documentOf, rule } from './support.ts';

describe('describeRule', () => {
  it.each([
    [
      { service_tier: 'priority', action: 'filter' },
      'When a request asks for priority, the tier is taken away.',
    ],
    [
      { action: 'block', scope: 'oauth' },
      'When a request in scope oauth asks for any known tier, it is blocked.',
    ],
    [
      { service_tier: 'missing', action: 'force', force_tier: 'flex', enabled: false },
      'Disabled: when a request asks for no tier, the tier is set to flex.',
    ],
    [
      { service_tier: 'unknown', action: 'block', mode: 'report' },
      'Report only: when a request asks for a word that is no tier, it is blocked.',
    ],
    [
      { service_tier: 'invalid', action: 'pass', scope: ['oauth', 'apikey'], user_ids: [42] },
      'When a request of user 42 in scopes oauth, apikey asks for a tier that is not a text, it passes.',
    ],
    [
      {
        service_tier: 'flex',
        action: 'force_priority',
        model_whitelist: ['a', 'b', 'c', 'd', 'e'],
        user_ids: ['x', 'y'],
      },
      'When a request of users x, y asks for flex: for a, b, c and 2 more the tier is set to priority; for other models it passes.',
    ],
    [
      { service_tier: 'priority', action: 'pass', model_whitelist: ['a'], fallback_action: 'block' },
      'When a request asks for priority: for a it passes; for other models it is blocked.',
    ],
  ])('%j', (members, sentence) => {
    const [stored] = documentOf(rule(members)).rules;
    expect(stored && describeRule(stored)).toBe(sentence);
  });
});

import { describe, expect, it } from 'vitest';
import { BEHAVIOURS } from './cases/index.ts';
import { brief, relevant } from './support/behaviour.ts';
import { runOnDouble } from './support/run-double.ts';

// The same list runs against a real Envoy in test/e2e/testkit-behaviours.test.ts.
describe('the double behaves as Envoy does', () => {
  it.each(BEHAVIOURS.map((behaviour) => [behaviour.name, behaviour] as const))(
    '%s',
    async (_name, behaviour) => {
      const { outcome, violations } = await runOnDouble(behaviour);
      expect(brief(relevant(outcome, behaviour.expected))).toEqual(brief(behaviour.expected));
      expect(violations).toEqual(behaviour.violations ?? []);
    },
  );

  it('has a name for each behaviour', () => {
    expect(new Set(BEHAVIOURS.map(({ name }) => name)).size).toBe(BEHAVIOURS.length);
  });
});

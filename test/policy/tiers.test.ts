import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareTiers, isStricter, OUTCOMES, strictestOutcome, TIERS } from '../../src/policy/tiers.ts';

describe('tiers', () => {
  it('ranks flex < default = auto = scale < priority < ultrafast', () => {
    expect(TIERS).toEqual(['flex', 'default', 'auto', 'scale', 'priority', 'ultrafast']);
    expect(compareTiers('flex', 'default')).toBeLessThan(0);
    expect(compareTiers('default', 'auto')).toBe(0);
    expect(compareTiers('scale', 'auto')).toBe(0);
    expect(compareTiers('priority', 'scale')).toBeGreaterThan(0);
    expect(compareTiers('ultrafast', 'priority')).toBeGreaterThan(0);
  });
});

describe('outcomes', () => {
  it('are ordered refuse > block > filter > force > pass', () => {
    expect(OUTCOMES).toEqual(['pass', 'force', 'filter', 'block', 'refuse']);
    for (const [index, stricter] of OUTCOMES.entries()) {
      for (const [other, milder] of OUTCOMES.entries()) {
        expect(isStricter(stricter, milder)).toBe(index > other);
      }
    }
  });

  it('have a strictest that does not hang on their order', () => {
    expect(strictestOutcome([])).toBe('pass');
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...OUTCOMES), { minLength: 1 }), (outcomes) => {
        const expected = OUTCOMES.findLast((outcome) => outcomes.includes(outcome));
        expect(strictestOutcome(outcomes)).toBe(expected);
        expect(strictestOutcome([...outcomes].reverse())).toBe(expected);
      }),
    );
  });
});

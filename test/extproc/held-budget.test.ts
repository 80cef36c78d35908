import { describe, expect, it } from 'vitest';
import { heldBudget } from '../../src/extproc/held-budget.ts';

describe('heldBudget', () => {
  it('takes up to the limit and not a byte more', () => {
    const held = heldBudget(100);
    expect(held.take(60)).toBe(true);
    expect(held.take(41)).toBe(false);
    expect(held.held).toBe(60);
    expect(held.take(40)).toBe(true);
    expect(held.take(1)).toBe(false);
    expect(held.take(0)).toBe(true);
  });

  it('shows what is held, the most that was, and the refusals', () => {
    const held = heldBudget(100);
    held.take(80);
    held.take(30);
    held.give(70);
    held.take(20);
    expect({ limit: held.limit, held: held.held, peak: held.peak, refusals: held.refusals }).toEqual({
      limit: 100,
      held: 30,
      peak: 80,
      refusals: 1,
    });
  });

  it('calls giving back more than was taken a fault', () => {
    const held = heldBudget(100);
    held.take(10);
    expect(() => held.give(11)).toThrow('given back');
    expect(held.held).toBe(10);
  });
});

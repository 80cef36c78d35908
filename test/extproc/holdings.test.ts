import { describe, expect, it } from 'vitest';
import { heldBudget } from '../../src/extproc/held-budget.ts';
import { Holdings } from '../../src/extproc/holdings.ts';

describe('queued replies', () => {
  it('are held until the last view of their memory has left', () => {
    const budget = heldBudget(1_000);
    const holdings = new Holdings(budget);
    const body = new Uint8Array(300);
    const views = [body.subarray(0, 100), body.subarray(100, 200), body.subarray(200)];
    for (const view of views) expect(holdings.queue(view)).toBe(true);
    const other = new Uint8Array(50);
    holdings.queue(other);
    expect(budget.held).toBe(350);
    const [first, second, third] = views as [Uint8Array, Uint8Array, Uint8Array];
    holdings.sent(first);
    holdings.sent(second);
    expect(budget.held).toBe(350);
    holdings.sent(other);
    expect(budget.held).toBe(300);
    holdings.sent(third);
    expect(budget.held).toBe(0);
  });

  it('are not counted where the budget is full, and nothing is given back twice', () => {
    const budget = heldBudget(100);
    const holdings = new Holdings(budget);
    expect(holdings.queue(new Uint8Array(101))).toBe(false);
    const view = new Uint8Array(100);
    holdings.queue(view);
    holdings.release();
    holdings.sent(view);
    expect(budget.held).toBe(0);
    expect(holdings.queue(new Uint8Array(1))).toBe(false);
  });
});

import type { HeldBudget } from '../events.ts';

/** What one socket holds of the process-wide budget: it grows with an incomplete message and shrinks behind it. */
export class SocketHeldBytes {
  readonly #budget: HeldBudget;
  #taken = 0;

  constructor(budget: HeldBudget) {
    this.#budget = budget;
  }

  /** Makes the share `total` bytes; false, and nothing changed, where the budget does not allow it. */
  hold(total: number): boolean {
    const more = total - this.#taken;
    if (more > 0 && !this.#budget.take(more)) return false;
    if (more < 0) this.#budget.give(-more);
    this.#taken = total;
    return true;
  }
}

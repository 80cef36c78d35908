import type { HeldBudget } from '../events.ts';

/** What one exchange holds of the process-wide budget. Whatever it took it gives back exactly once. */
export class HeldBytes {
  readonly #budget: HeldBudget;
  #taken = 0;
  #released = false;

  constructor(budget: HeldBudget) {
    this.#budget = budget;
  }

  /**
   * Whether a share of `total` bytes could be taken now. A length that is only announced takes nothing: a client that
   * sends a header and no body would keep everybody else out for free.
   */
  fits(total: number): boolean {
    return this.#budget.fits(total);
  }

  /** Makes the share at least `total` bytes; false, and nothing taken, where the budget does not allow it. */
  cover(total: number): boolean {
    const more = total - this.#taken;
    if (more <= 0) return true;
    if (this.#released || !this.#budget.take(more)) return false;
    this.#taken = total;
    return true;
  }

  /** Gives everything back; nothing can be taken after it. */
  release(): void {
    this.#released = true;
    this.#budget.give(this.#taken);
    this.#taken = 0;
  }
}

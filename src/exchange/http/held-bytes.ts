import type { HeldBudget } from '../events.ts';

/** What one exchange holds of the process-wide budget. Whatever it took it gives back exactly once. */
export class HeldBytes {
  readonly #budget: HeldBudget;
  #taken = 0;
  #released = false;

  constructor(budget: HeldBudget) {
    this.#budget = budget;
  }

  /** Makes the share at least `total` bytes; false, and nothing taken, where the budget does not allow it. */
  cover(total: number): boolean {
    const more = total - this.#taken;
    if (more <= 0) return true;
    if (this.#released || !this.#budget.take(more)) return false;
    this.#taken = total;
    return true;
  }

  /** Gives back what goes beyond `total`: the client announced more than it sent. */
  trim(total: number): void {
    const excess = this.#taken - total;
    if (excess <= 0) return;
    this.#taken = total;
    this.#budget.give(excess);
  }

  /** Gives everything back; nothing can be taken after it. */
  release(): void {
    this.#released = true;
    this.trim(0);
  }
}

import type { HeldGauge } from './held-budget.ts';

/**
 * What one stream holds of the budget of the process: its exchange takes and gives by itself, and the loop counts
 * replies until the peer has taken them. Whatever is left at the end of the stream is given back here.
 */
export class Holdings {
  readonly #budget: HeldGauge;
  #exchange = 0;
  #unsent = 0;
  /** Bytes of request body that the exchange has seen. */
  #bodySeen = 0;
  #released = false;

  constructor(budget: HeldGauge) {
    this.#budget = budget;
  }

  /** Runs the exchange. It is synchronous, so what the budget holds more after it is its own. */
  ofExchange<T>(run: () => T): T {
    const before = this.#budget.held;
    try {
      return run();
    } finally {
      this.#exchange += this.#budget.held - before;
    }
  }

  /** The exchange has seen bytes of the request body. */
  bodySeen(bytes: number): void {
    this.#bodySeen += bytes;
  }

  /** What the exchange has taken for request bytes that it has not seen yet. */
  get reservedAhead(): number {
    return Math.max(0, this.#exchange - this.#bodySeen);
  }

  /** Counts bytes that are about to be queued. @returns false, and nothing counted, where the budget is full */
  queue(bytes: number): boolean {
    if (this.#released || !this.#budget.take(bytes)) return false;
    this.#unsent += bytes;
    return true;
  }

  /** Queued bytes have left. */
  sent(bytes: number): void {
    if (this.#released) return;
    this.#unsent -= bytes;
    this.#budget.give(bytes);
  }

  /** The stream has ended: nothing is held any more. */
  release(): void {
    this.#released = true;
    this.#budget.give(this.#exchange + this.#unsent);
    this.#exchange = 0;
    this.#unsent = 0;
  }
}

import type { HeldGauge } from './held-budget.ts';

/**
 * What one stream holds of the budget of the process: its exchange takes and gives by itself, and the loop counts
 * replies until the peer has taken them. Whatever is left at the end of the stream is given back here.
 */
export class Holdings {
  readonly #budget: HeldGauge;
  #exchange = 0;
  /** Queued views and their bytes by the memory that they are views of: it lives until the last of them has left. */
  #unsent: Map<ArrayBufferLike, { views: number; bytes: number }> | undefined;
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

  /** Counts bytes that are about to be queued. @returns false, and nothing counted, where the budget is full */
  queue(view: Uint8Array): boolean {
    if (this.#released || !this.#budget.take(view.length)) return false;
    this.#unsent ??= new Map();
    const memory = this.#unsent.get(view.buffer);
    if (memory === undefined) this.#unsent.set(view.buffer, { views: 1, bytes: view.length });
    else {
      memory.views += 1;
      memory.bytes += view.length;
    }
    return true;
  }

  /** Queued bytes have left. */
  sent(view: Uint8Array): void {
    const memory = this.#unsent?.get(view.buffer);
    if (memory === undefined) return;
    memory.views -= 1;
    if (memory.views > 0) return;
    this.#unsent?.delete(view.buffer);
    this.#budget.give(memory.bytes);
  }

  /** The stream has ended: nothing is held any more. */
  release(): void {
    this.#released = true;
    let unsent = 0;
    for (const { bytes } of this.#unsent?.values() ?? []) unsent += bytes;
    this.#unsent = undefined;
    this.#budget.give(this.#exchange + unsent);
    this.#exchange = 0;
  }
}

import type { CloseCause } from '../exchange/events.ts';

/** The sockets that are open now, by their id, so that they can be ended from outside. */
export class OpenSockets {
  readonly #close = new Map<string, (cause: CloseCause) => void>();

  /** How many are open. */
  get count(): number {
    return this.#close.size;
  }

  add(id: string, close: (cause: CloseCause) => void): void {
    this.#close.set(id, close);
  }

  delete(id: string): void {
    this.#close.delete(id);
  }

  /** Ends one socket; false where this process has none with the id. */
  end(id: string, cause: CloseCause): boolean {
    const close = this.#close.get(id);
    close?.(cause);
    return close !== undefined;
  }

  /** Ends all of them. */
  endAll(cause: CloseCause): void {
    for (const close of [...this.#close.values()]) close(cause);
  }
}

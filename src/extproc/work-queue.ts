/** Runs at most so many jobs at once; the others wait in order. */
export class WorkQueue {
  readonly #limit: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs `job` when it is its turn, and settles as it does. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#running === this.#limit) await new Promise<void>((turn) => this.#waiting.push(turn));
    else this.#running += 1;
    try {
      return await job();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

/** One line of a text is written in this time, milliseconds. */
const REPEAT_MILLISECONDS = 10_000;

/** Texts that are remembered; ours are a handful. */
const MAX_TEXTS = 100;

/** The lines of one text. */
interface Repeats {
  readonly writtenAt: number;
  /** Lines since then that were not written. */
  leftOut: number;
}

/**
 * Keeps lines that come once a request from flooding the log: the first of a text is written at once, then one in ten
 * seconds.
 */
export class RepeatedLines {
  readonly #now: () => number;
  readonly #texts = new Map<string, Repeats>();

  /** @param now monotonic, milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Notes one line.
   *
   * @param write writes it; its argument counts the lines of this text that were left out since the last written one
   */
  note(text: string, write: (leftOut: number) => void): void {
    const now = this.#now();
    const last = this.#texts.get(text);
    if (last !== undefined && now - last.writtenAt < REPEAT_MILLISECONDS) {
      last.leftOut += 1;
      return;
    }
    if (last === undefined && this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    this.#texts.set(text, { writtenAt: now, leftOut: 0 });
    write(last?.leftOut ?? 0);
  }
}

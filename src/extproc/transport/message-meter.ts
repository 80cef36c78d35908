import type { HeldBudget } from '../../exchange/events.ts';

/** The prefix of a gRPC message: a flag and four bytes of length. */
const prefixBytes = 5;

/** Messages up to this size are not counted: what they can hold is bounded by the number of streams. */
const smallMessage = 64 * 1024;

/**
 * Counts the messages that grpc-js is assembling on one stream against `limits.held_total`. The length stands at the
 * head of a message, so room for the whole of it is taken, or refused, before its bytes come.
 */
export class MessageMeter {
  readonly #budget: HeldBudget;
  readonly #onRefused: () => void;
  readonly #prefix = Buffer.alloc(prefixBytes);
  #prefixFilled = 0;
  /** Bytes of the present message that have yet to come. */
  #missing = 0;
  /** What was taken for each message that has begun and was not delivered, oldest first. */
  #taken: number[] = [];
  #stopped = false;
  /** A message was refused and nobody has been told yet. */
  #refusing = false;

  /** @param onRefused called once, when the process holds all it may: no further byte need come */
  constructor(budget: HeldBudget, onRefused: () => void) {
    this.#budget = budget;
    this.#onRefused = onRefused;
  }

  /** Bytes of the stream have come. */
  arrived(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.#stopped) {
      if (this.#missing > 0) {
        const used = Math.min(this.#missing, bytes.length - at);
        this.#missing -= used;
        at += used;
      } else {
        const used = Math.min(prefixBytes - this.#prefixFilled, bytes.length - at);
        bytes.copy(this.#prefix, this.#prefixFilled, at, at + used);
        this.#prefixFilled += used;
        at += used;
        if (this.#prefixFilled === prefixBytes) this.#begin(bytes.length - at);
      }
    }
  }

  /** The oldest message was delivered: from here on who got it answers for its bytes. */
  delivered(): void {
    const taken = this.#taken.shift();
    if (taken !== undefined && taken > 0) this.#budget.give(taken);
  }

  /**
   * Whether it is now time to say that a message was refused: once, and not before every message that came before it was
   * delivered, so that whoever hears of it knows what the refused one belongs to.
   */
  takeRefusal(): boolean {
    if (!this.#refusing || this.#taken.length > 0) return false;
    this.#refusing = false;
    return true;
  }

  /** The stream has ended; everything is given back. */
  stop(): void {
    this.#stopped = true;
    for (const taken of this.#taken) this.#budget.give(taken);
    this.#taken = [];
  }

  #begin(present: number): void {
    this.#prefixFilled = 0;
    this.#missing = this.#prefix.readUInt32BE(1);
    const uncounted = this.#missing <= Math.max(smallMessage, present);
    const bytes = uncounted ? 0 : this.#missing;
    if (!this.#budget.take(bytes)) {
      this.#stopped = true;
      this.#refusing = true;
      this.#onRefused();
      return;
    }
    this.#taken.push(bytes);
  }
}

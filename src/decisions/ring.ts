/** The newest items up to a number; a further one pushes the oldest out. No step is longer for a longer ring. */
export class Ring<T> {
  readonly #capacity: number;
  readonly #items: (T | undefined)[];
  /** Where the oldest item stands. */
  #start = 0;
  #length = 0;

  /** @param capacity items that are kept, at least 1 */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#items = new Array<T | undefined>(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds the newest item; the result is whether the oldest was pushed out. */
  push(item: T): boolean {
    const isFull = this.#length === this.#capacity;
    this.#items[this.#place(this.#length)] = item;
    if (isFull) this.#start = this.#place(1);
    else this.#length += 1;
    return isFull;
  }

  /** Takes out the oldest items, at most `count`; oldest first. */
  take(count: number): T[] {
    const taken = this.#slice(0, Math.min(count, this.#length));
    for (let index = 0; index < taken.length; index += 1) this.#items[this.#place(index)] = undefined;
    this.#start = this.#place(taken.length);
    this.#length -= taken.length;
    return taken;
  }

  /**
   * Puts items that were taken back before the others, as far as there is room: the oldest of them find none.
   *
   * @param items oldest first
   * @returns how many found no room
   */
  putBack(items: readonly T[]): number {
    const fitting = Math.min(items.length, this.#capacity - this.#length);
    this.#start = this.#place(this.#capacity - fitting);
    this.#length += fitting;
    const left = items.length - fitting;
    for (let index = 0; index < fitting; index += 1) {
      this.#items[this.#place(index)] = items[left + index];
    }
    return left;
  }

  /** The newest items, at most `count`, newest first. */
  newest(count: number): readonly T[] {
    const shown = Math.min(count, this.#length);
    return this.#slice(this.#length - shown, shown).reverse();
  }

  /** Where the item stands that is this much newer than the oldest. */
  #place(age: number): number {
    return (this.#start + age) % this.#capacity;
  }

  #slice(from: number, count: number): T[] {
    return Array.from({ length: count }, (_, index) => this.#items[this.#place(from + index)] as T);
  }
}

/** Shorter pieces are copied: one by one they cost far more memory than their bytes. */
const SMALL_PIECE_BYTES = 1024;
const SMALLEST_BLOCK = 256;
const LARGEST_BLOCK = 64 * 1024;

/**
 * Bytes of an incomplete message as they came. A piece is a view that keeps all the memory alive from which it was cut,
 * and Node cuts small messages from slabs of 64 KiB: a client that sends single bytes could hold a thousand times what
 * is counted. So small pieces, and those of much larger memory, are copied.
 */
export class HeldPieces {
  #pieces: Uint8Array[] = [];
  #length = 0;
  /** Where copies go; its part from `#start` to `#end` is not among the pieces yet. */
  #block: Uint8Array | undefined;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Uint8Array): void {
    if (piece.length >= SMALL_PIECE_BYTES && piece.buffer.byteLength <= 2 * piece.length) {
      this.#seal();
      this.#pieces.push(piece);
    } else this.#copy(piece);
    this.#length += piece.length;
  }

  /** All pieces in order; nothing is kept. */
  take(): Uint8Array[] {
    this.#seal();
    const pieces = this.#pieces;
    this.clear();
    return pieces;
  }

  clear(): void {
    this.#pieces = [];
    this.#length = 0;
    this.#block = undefined;
    this.#start = 0;
    this.#end = 0;
  }

  #copy(piece: Uint8Array): void {
    for (let from = 0; from < piece.length; ) {
      let block = this.#block;
      if (block === undefined || this.#end === block.length) block = this.#nextBlock(piece.length - from);
      const part = piece.subarray(from, from + block.length - this.#end);
      block.set(part, this.#end);
      this.#end += part.length;
      from += part.length;
    }
  }

  /** As large as what is held already, between two bounds. */
  #nextBlock(least: number): Uint8Array {
    this.#seal();
    const size = Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, this.#length, least));
    this.#start = 0;
    this.#end = 0;
    this.#block = new Uint8Array(size);
    return this.#block;
  }

  #seal(): void {
    if (this.#block === undefined || this.#end === this.#start) return;
    this.#pieces.push(this.#block.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}

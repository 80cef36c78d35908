/** Chunks shorter than this are put together: kept one by one, they cost far more memory than their bytes. */
const SMALL_CHUNK_BYTES = 1024;
/** As many small chunks are put together at once. */
const SMALL_CHUNKS = 1024;

/** The chunks of one body as they came. */
export class BodyCollector {
  #chunks: Uint8Array[] = [];
  /** Small chunks behind the others. */
  #small: Uint8Array[] = [];

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (bytes.length >= SMALL_CHUNK_BYTES) {
      this.#fold();
      this.#chunks.push(bytes);
    } else if (this.#small.push(bytes) === SMALL_CHUNKS) this.#fold();
  }

  /**
   * The whole body, and nothing is kept. A body of one chunk is that very chunk, so that its direction knows that it
   * goes on as it came.
   */
  take(): Uint8Array {
    this.#fold();
    const chunks = this.#chunks;
    this.#chunks = [];
    return joined(chunks);
  }

  #fold(): void {
    if (this.#small.length === 0) return;
    this.#chunks.push(joined(this.#small));
    this.#small = [];
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  if (only === undefined) return new Uint8Array(0);
  return chunks.length === 1 ? only : Buffer.concat(chunks);
}

/** The same memory as a `Buffer`. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

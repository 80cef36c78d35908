/** Enough for every reply without a body; small frames are copied out of it, so that it serves all of them. */
const sharedBytes = 16 * 1024;

/** Bytes of at least this length are not copied: memory of that size is dear to allocate and to collect. */
const largeBytes = 8 * 1024;

/** Texts up to this length are written here, longer ones by Node: a call into it costs more than a few characters. */
const shortText = 64;

/**
 * Writes a protobuf message from its end to its beginning: the length of a nested message is known when it is needed,
 * so that nothing is measured before and nothing is copied behind.
 */
export class BackwardWriter {
  readonly #shared = Buffer.allocUnsafeSlow(sharedBytes);
  #bytes = this.#shared;
  #at = sharedBytes;
  /** Bytes that are no copy, and how many were copied behind them. */
  #large: Uint8Array | undefined;
  #behind = 0;

  /** Begins anew. */
  start(): void {
    this.#bytes = this.#shared;
    this.#at = sharedBytes;
    this.#large = undefined;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#copied + (this.#large?.length ?? 0);
  }

  get #copied(): number {
    return this.#bytes.length - this.#at;
  }

  /** What was written, in one piece or in two around large bytes that are not copied. */
  finish(): readonly Uint8Array[] {
    const size = this.#copied;
    const pieces = Buffer.allocUnsafe(size);
    this.#bytes.copy(pieces, 0, this.#at);
    const large = this.#large;
    this.start();
    if (large === undefined) return [pieces];
    const before = pieces.subarray(0, size - this.#behind);
    return this.#behind === 0 ? [before, large] : [before, large, pieces.subarray(size - this.#behind)];
  }

  byte(value: number): void {
    this.#need(1);
    this.#bytes[--this.#at] = value;
  }

  /** A varint of a whole number below 2^53. */
  varint(value: number): void {
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1;
    this.#need(size);
    this.#at -= size;
    let at = this.#at;
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[at++] = (rest % 0x80) | 0x80;
    this.#bytes[at] = rest;
  }

  /** Four bytes, the highest first. */
  uint32(value: number): void {
    this.#need(4);
    this.#at = this.#bytes.writeUInt32BE(value, this.#at - 4) - 4;
  }

  /** A double as protobuf has it: the lowest byte first. */
  double(value: number): void {
    this.#need(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at - 8) - 8;
  }

  /** @param value not to be changed before it is sent: the first large one is not copied */
  bytes(value: Uint8Array): void {
    if (value.length >= largeBytes && this.#large === undefined) {
      this.#behind = this.#copied;
      this.#large = value;
      return;
    }
    this.#need(value.length);
    this.#at -= value.length;
    this.#bytes.set(value, this.#at);
  }

  /** A text as UTF-8. */
  text(value: string): void {
    const { length } = value;
    if (length <= shortText) {
      this.#need(length);
      let at = this.#at;
      let left = length;
      for (; left > 0; left--) {
        const code = value.charCodeAt(left - 1);
        if (code >= 0x80) break;
        this.#bytes[--at] = code;
      }
      if (left === 0) {
        this.#at = at;
        return;
      }
    }
    const size = Buffer.byteLength(value);
    this.#need(size);
    this.#at -= size;
    this.#bytes.write(value, this.#at, size, 'utf8');
  }

  /** Key and length of what was written since `length` was `mark`. @param key (field number << 3) | 2, one byte */
  close(key: number, mark: number): void {
    this.varint(this.length - mark);
    this.byte(key);
  }

  #need(size: number): void {
    if (this.#at >= size) return;
    const written = this.#copied;
    const larger = Buffer.allocUnsafeSlow(2 * (written + size));
    this.#bytes.copy(larger, larger.length - written, this.#at);
    this.#at = larger.length - written;
    this.#bytes = larger;
  }
}

/** The prefix of a gRPC message: a flag for compression and four bytes of length. */
const prefixBytes = 5;

/** A prefix that no message can follow: the stream is to end with this status. */
export class MalformedPrefix extends Error {
  override readonly name = 'MalformedPrefix';
  readonly code: number;

  /** @param code of gRPC */
  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** gRPC status codes. */
const resourceExhausted = 8;
const unimplemented = 12;

/**
 * Cuts the bytes of one gRPC stream into its messages. A message that comes in one piece is a view of that piece; any
 * other is written once into memory of its own, so that it never exists twice.
 */
export class MessageAssembler {
  readonly #maxBytes: number;
  #prefix: Buffer | undefined;
  #prefixFilled = 0;
  /** The message that is being put together, and how much of it is there. */
  #message: Buffer | undefined;
  #filled = 0;
  #stopped = false;

  /** @param maxBytes of one message */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether `bytes` begin and end with a message. */
  isWhole(bytes: Buffer): boolean {
    if (this.#message !== undefined || this.#prefixFilled > 0) return false;
    let at = 0;
    while (at + prefixBytes <= bytes.length) at += prefixBytes + bytes.readUInt32BE(at + 1);
    return at === bytes.length;
  }

  /** From here on no message is begun of which the end is still to come. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Hands on the messages that `bytes` completes, in order.
   *
   * @throws MalformedPrefix for a message that is compressed or too long; nothing may be read after it
   */
  read(bytes: Buffer, onMessage: (message: Buffer) => void): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#message !== undefined) {
        at = this.#fill(this.#message, bytes, at, onMessage);
        continue;
      }
      if (this.#prefixFilled === 0 && bytes.length - at >= prefixBytes) {
        const start = at + prefixBytes;
        const length = this.#lengthOf(bytes, at);
        if (bytes.length - start >= length) {
          at = start + length;
          onMessage(bytes.subarray(start, at));
        } else {
          at = start;
          this.#begin(length);
          if (this.#stopped) return;
        }
        continue;
      }
      at = this.#fillPrefix(bytes, at, onMessage);
      if (this.#stopped && this.#message === undefined) return;
    }
  }

  /** Takes bytes of a prefix that came in pieces. */
  #fillPrefix(bytes: Buffer, start: number, onMessage: (message: Buffer) => void): number {
    this.#prefix ??= Buffer.alloc(prefixBytes);
    const used = Math.min(prefixBytes - this.#prefixFilled, bytes.length - start);
    bytes.copy(this.#prefix, this.#prefixFilled, start, start + used);
    this.#prefixFilled += used;
    if (this.#prefixFilled === prefixBytes) {
      this.#prefixFilled = 0;
      const length = this.#lengthOf(this.#prefix, 0);
      if (length === 0) onMessage(Buffer.alloc(0));
      else this.#begin(length);
    }
    return start + used;
  }

  #fill(message: Buffer, bytes: Buffer, start: number, onMessage: (message: Buffer) => void): number {
    const used = Math.min(message.length - this.#filled, bytes.length - start);
    bytes.copy(message, this.#filled, start, start + used);
    this.#filled += used;
    if (this.#filled === message.length) {
      this.#message = undefined;
      onMessage(message);
    }
    return start + used;
  }

  #begin(length: number): void {
    if (this.#stopped) return;
    // Not from the pool: a small message must not keep a whole block of it alive.
    this.#message = Buffer.allocUnsafeSlow(length);
    this.#filled = 0;
  }

  #lengthOf(prefix: Buffer, at: number): number {
    if (prefix[at] !== 0) throw new MalformedPrefix(unimplemented, 'compressed messages are not supported');
    const length = prefix.readUInt32BE(at + 1);
    if (length > this.#maxBytes) {
      throw new MalformedPrefix(resourceExhausted, `a message of ${length} bytes is over ${this.#maxBytes}`);
    }
    return length;
  }
}

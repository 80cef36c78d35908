import type { Report } from './header-mutation.ts';
import type { HeaderLine } from './http.ts';
import type { DirectionName } from './messages.ts';

/** How the body travels to an HTTP/1.1 peer. */
export type Framing = 'none' | 'content-length' | 'chunked';

/** What the upstream or the client has received so far. */
export interface Received {
  readonly headers: readonly HeaderLine[];
  readonly body: Buffer;
  readonly framing: Framing;
  readonly trailers: readonly HeaderLine[];
  /** The whole message has come. */
  readonly complete: boolean;
  /** The message was cut before its end. */
  readonly reset: boolean;
}

/** Envoy's next hop in one direction: takes what the filter lets go on and frames it as Envoy's HTTP/1.1 codec does. */
export class NextHop {
  readonly #direction: DirectionName;
  readonly #report: Report;
  readonly #onStart: () => void;
  #headers: readonly HeaderLine[] | undefined;
  #framing: Framing = 'none';
  #chunks: Buffer[] = [];
  #size = 0;
  #trailers: readonly HeaderLine[] = [];
  #withoutBody = false;
  #complete = false;
  #reset = false;

  /** @param onStart called when the headers come */
  constructor(direction: DirectionName, report: Report, onStart: () => void) {
    this.#direction = direction;
    this.#report = report;
    this.#onStart = onStart;
  }

  /** The answer to a HEAD request: whatever body follows is left out. */
  leaveBodyOut(): void {
    this.#withoutBody = true;
  }

  get started(): boolean {
    return this.#headers !== undefined;
  }

  get complete(): boolean {
    return this.#complete;
  }

  get finished(): boolean {
    return this.#complete || this.#reset;
  }

  headers(lines: readonly HeaderLine[], endOfStream: boolean): void {
    if (this.started || this.finished) return;
    this.#headers = [...lines];
    this.#onStart();
    if (endOfStream || this.#withoutBody) {
      this.#complete = true;
    } else {
      this.#framing = this.#announcedLength() === undefined ? 'chunked' : 'content-length';
    }
  }

  data(bytes: Buffer, endOfStream: boolean): void {
    if (this.finished) return;
    if (bytes.length > 0) this.#chunks.push(bytes);
    this.#size += bytes.length;
    if (endOfStream) this.#end();
  }

  /** Trailers end the message; behind a `content-length` HTTP/1.1 has no place for them and they are dropped. */
  trailers(lines: readonly HeaderLine[]): void {
    if (this.finished) return;
    if (this.#framing === 'chunked') this.#trailers = [...lines];
    this.#end();
  }

  /** Ends the message at once if it has begun and is not complete. */
  reset(): void {
    if (!this.#complete) this.#reset = true;
  }

  received(): Received {
    return {
      headers: this.#headers ?? [],
      body: Buffer.concat(this.#chunks),
      framing: this.#framing,
      trailers: this.#trailers,
      complete: this.#complete,
      reset: this.#reset,
    };
  }

  #end(): void {
    this.#complete = true;
    const announced = this.#announcedLength();
    if (announced !== undefined && announced !== String(this.#size)) {
      this.#report(
        'content_length_mismatch',
        `${this.#direction}: content-length ${JSON.stringify(announced)} goes on with a body of ${this.#size} bytes`,
      );
    }
  }

  #announcedLength(): string | undefined {
    return this.#headers?.find(([name]) => name === 'content-length')?.[1];
  }
}

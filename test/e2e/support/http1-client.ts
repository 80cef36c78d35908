import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Answer } from './answer.ts';

const HEAD_END = '\r\n\r\n';

/** An HTTP/1.1 client that writes exactly the bytes it is given and reads answers in order. */
export class Http1Client {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    // A reset after the answer is no fault of a test; a missing answer is reported by the reader.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static async connect(port: number): Promise<Http1Client> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Http1Client(socket);
  }

  /** Writes bytes as they are; resolves when the system has taken them, or at once where the peer has closed. */
  async write(bytes: string | Buffer): Promise<void> {
    if (this.#ended) return;
    await new Promise<void>((resolve) => {
      this.#socket.write(bytes, () => resolve());
    });
  }

  /**
   * Reads the next answer, interim ones (1xx) included. Content-length, chunked, no body for 1xx, 204 and 304, else until
   * the connection ends.
   *
   * @throws Error where the connection ends first
   */
  async read(): Promise<Answer> {
    const end = await this.#find(HEAD_END, 0);
    const lines = this.#received.toString('latin1', 0, end).split('\r\n');
    const status = Number(lines[0]?.split(' ')[1]);
    const headers = new Map<string, string>();
    for (const line of lines.slice(1)) {
      const colon = line.indexOf(':');
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    this.#drop(end + HEAD_END.length);
    const hasBody = status >= 200 && status !== 204 && status !== 304;
    return { status, headers, body: hasBody ? await this.#body(headers) : Buffer.alloc(0) };
  }

  /** True once the peer has closed the connection. */
  get closed(): boolean {
    return this.#ended;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #body(headers: ReadonlyMap<string, string>): Promise<Buffer> {
    const length = headers.get('content-length');
    if (length !== undefined) return this.#take(Number(length));
    if (headers.get('transfer-encoding') !== 'chunked') {
      while (!this.#ended) await this.#more();
      return this.#take(this.#received.length);
    }
    const parts: Buffer[] = [];
    for (;;) {
      const end = await this.#find('\r\n', 0);
      const size = Number.parseInt(this.#received.toString('latin1', 0, end), 16);
      this.#drop(end + 2);
      parts.push(await this.#take(size));
      await this.#take(2);
      if (size === 0) return Buffer.concat(parts);
    }
  }

  async #take(size: number): Promise<Buffer> {
    while (this.#received.length < size) await this.#more();
    const bytes = Buffer.from(this.#received.subarray(0, size));
    this.#drop(size);
    return bytes;
  }

  async #find(text: string, from: number): Promise<number> {
    for (;;) {
      const at = this.#received.indexOf(text, from, 'latin1');
      if (at >= 0) return at;
      await this.#more();
    }
  }

  #drop(size: number): void {
    this.#received = this.#received.subarray(size);
  }

  #more(): Promise<void> {
    if (this.#ended) throw new Error('the connection ended before the answer was complete');
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** The head of a request, with `host` and the blank line. */
export function head(method: string, path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\nhost: gateway.test\r\n${lines.join('')}\r\n`;
}

/** One chunk of the chunked coding (RFC 9112, section 7.1); an empty one would end the body. */
export function chunk(bytes: string | Buffer): Buffer {
  const data = Buffer.from(bytes);
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);
}

/** The end of a chunked body, with trailers. */
export function lastChunk(trailers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(trailers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `0\r\n${lines.join('')}\r\n`;
}

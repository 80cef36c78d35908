import { connect, type Socket } from 'node:net';
import { readFrameHead } from '../../src/websocket/frame-head.ts';
import { turnFrame } from './bodies.ts';

const HANDSHAKE = [
  'GET /v1/responses HTTP/1.1',
  'host: api.example.com',
  'connection: Upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  'authorization: Bearer sk-example-0123456789abcdef0123456789abcdef',
  'user-agent: OpenAI/Python 3.22.1',
  '',
  '',
].join('\r\n');

/** A WebSocket that sends one prepared frame again and again, so that the client costs next to nothing. */
export class RawSocket {
  readonly #socket: Socket;
  readonly #frame: Buffer;
  #opened = false;
  #rest: Buffer = Buffer.alloc(0);
  #done: ((error?: Error) => void) | undefined;

  private constructor(port: number, frame: Buffer) {
    this.#frame = frame;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#socket.on('close', () => this.#finish(new Error('the socket was closed')));
    this.#socket.on('error', (error) => this.#finish(error));
  }

  /** @throws Error where the handshake is refused */
  static async open(port: number, bytes: number, tier: string): Promise<RawSocket> {
    const socket = new RawSocket(port, turnFrame(bytes, tier));
    await socket.#write(Buffer.from(HANDSHAKE));
    return socket;
  }

  /** Sends one turn and waits for the first frame that comes back. */
  send(): Promise<void> {
    return this.#write(this.#frame);
  }

  close(): void {
    this.#done = undefined;
    this.#socket.destroy();
  }

  #write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#done = (error) => (error === undefined ? resolve() : reject(error));
      this.#socket.write(bytes);
    });
  }

  #receive(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    if (!this.#opened) {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      const status = this.#rest.toString('latin1', 9, 12);
      this.#rest = this.#rest.subarray(end + 4);
      this.#opened = true;
      this.#finish(status === '101' ? undefined : new Error(`the handshake was answered with ${status}`));
      return;
    }
    const head = readFrameHead(this.#rest, 0);
    if (head === undefined || this.#rest.length < head.bytes + head.length) return;
    this.#rest = this.#rest.subarray(head.bytes + head.length);
    this.#finish();
  }

  #finish(error?: Error): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(error);
  }
}

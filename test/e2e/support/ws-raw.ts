import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Close,
  closeOf,
  closePayload,
  decodeFrames,
  encodeFrame,
  type Frame,
  type FrameOptions,
  type Message,
  messagesOf,
  OPCODE,
} from './ws-frames.ts';
import { Wake } from './ws-wake.ts';

export interface RawOptions {
  /** Each byte goes out by itself. */
  readonly byteByByte?: boolean;
  /**
   * What a Close of the other side meets: `answer` (a Close, and TCP stays open until the other side ends it), or
   * `ignore`.
   */
  readonly onClose?: 'answer' | 'ignore';
}

/** What the handshake settled. */
export interface Handshake {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

const ABNORMAL: Close = { code: 1006, reason: '' };

/** The client's end of a WebSocket: it sends exactly what it is told to, and keeps every byte that it receives. */
export class RawSocket {
  readonly #stream: Duplex;
  readonly #options: RawOptions;
  readonly #handshake: Handshake;
  readonly #wake = new Wake();
  readonly #parts: Buffer[] = [];
  readonly #sent: Buffer[] = [];
  readonly #frames: Frame[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #ended = false;
  #closeSent = false;

  constructor(stream: Duplex, options: RawOptions, handshake: Handshake, first: Buffer) {
    this.#stream = stream;
    this.#options = options;
    this.#handshake = handshake;
    // A reset is a way to end: the tests look at what came before it.
    stream.on('error', () => {});
    stream.on('close', () => this.#end());
    stream.on('end', () => this.#end());
    if (first.length > 0) this.#take(first);
    stream.on('data', (part: Buffer) => this.#take(part));
  }

  /** The sub-protocol and the extensions; empty where there are none. */
  get handshake(): { readonly protocol: string; readonly extensions: string } {
    const { headers } = this.#handshake;
    return {
      protocol: headers.get('sec-websocket-protocol') ?? '',
      extensions: headers.get('sec-websocket-extensions') ?? '',
    };
  }

  /** Every byte behind the handshake so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  /** Every byte sent behind the handshake so far. */
  get sent(): Buffer {
    return Buffer.concat(this.#sent);
  }

  /** The complete frames so far, as they came. */
  get frames(): readonly Frame[] {
    return this.#frames;
  }

  /** Bytes of a frame that is not complete. */
  get incomplete(): Buffer {
    return this.#rest;
  }

  /** True once the other side has ended the connection. */
  get ended(): boolean {
    return this.#ended;
  }

  messages(): Message[] {
    return messagesOf(this.#frames);
  }

  /** Bytes that the system has not taken yet, because the other side does not read. */
  get unsent(): number {
    return this.#stream.writableLength;
  }

  /** Stops reading. */
  stall(): void {
    this.#stream.pause();
  }

  /** Sends bytes as they are. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#options.byteByByte !== true) {
      this.#write(bytes);
      return;
    }
    for (const byte of bytes) {
      this.#write(Buffer.from([byte]));
      await nextTurn();
    }
  }

  /** Sends one frame, masked at random. */
  frame(options: Omit<FrameOptions, 'mask'>): Promise<void> {
    return this.write(encodeFrame({ ...options, mask: randomBytes(4) }));
  }

  text(payload: string): Promise<void> {
    return this.frame({ opcode: OPCODE.text, payload });
  }

  close(code: number, reason = ''): Promise<void> {
    this.#closeSent = true;
    return this.frame({ opcode: OPCODE.close, payload: closePayload(code, reason) });
  }

  /** Waits until so many messages have come, or the other side has closed. */
  async received(count: number): Promise<void> {
    await this.#wake.until(`${count} messages`, () => this.messages().length >= count || this.#over());
  }

  /** Waits until `done` holds; it is asked again with each part that comes. */
  async until(done: () => boolean): Promise<void> {
    await this.#wake.until('what the socket should have got', () => done() || this.#ended);
    if (!done()) throw new Error('the socket ended before it got what it should');
  }

  /** Waits until any byte has come. */
  async anyByte(): Promise<void> {
    await this.#wake.until('a byte', () => this.#parts.length > 0 || this.#ended);
  }

  /** Waits for the end of the socket: the Close of the other side, or 1006 where the connection ends without one. */
  async closed(): Promise<Close> {
    await this.#wake.until('the end of the socket', () => this.#over());
    return closeOf(this.#frames) ?? ABNORMAL;
  }

  /** Waits for the end of the connection. */
  async disconnected(): Promise<void> {
    await this.#wake.until('the end of the connection', () => this.#ended);
  }

  destroy(): void {
    this.#stream.destroy();
  }

  #over(): boolean {
    return this.#ended || closeOf(this.#frames) !== undefined;
  }

  #end(): void {
    this.#ended = true;
    this.#wake.notify();
  }

  #write(bytes: Buffer): void {
    if (this.#stream.destroyed || !this.#stream.writable) return;
    this.#sent.push(bytes);
    this.#stream.write(bytes);
  }

  #take(part: Buffer): void {
    this.#parts.push(part);
    const { frames, rest } = decodeFrames(Buffer.concat([this.#rest, part]));
    this.#rest = rest;
    for (const frame of frames) this.#onFrame(frame);
    this.#wake.notify();
  }

  #onFrame(frame: Frame): void {
    this.#frames.push(frame);
    if (frame.opcode === OPCODE.ping) {
      this.#write(encodeFrame({ opcode: OPCODE.pong, payload: frame.payload, mask: randomBytes(4) }));
    }
    if (frame.opcode !== OPCODE.close || this.#options.onClose === 'ignore' || this.#closeSent) return;
    this.#closeSent = true;
    this.#write(encodeFrame({ opcode: OPCODE.close, payload: frame.payload, mask: randomBytes(4) }));
  }
}

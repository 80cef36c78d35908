import { ServerFollower } from '../../websocket/server-follower.ts';
import type { Direction } from '../direction/direction.ts';
import type { Message } from '../direction/passing.ts';
import type { DynamicMetadata } from '../events.ts';
import { acceptsUpgrade } from './handshake.ts';
import { joinViews } from './views.ts';

/**
 * The way from the provider to the client. Its bytes are only followed to the edges of their frames, so that what we
 * have to say can stand between two of them; nothing of the provider's is ever refused.
 */
export class ResponseHalf {
  readonly #direction: Direction;
  readonly #follower = new ServerFollower();
  /** Frames that wait for an edge between two messages; the socket goes on behind them. */
  #inserts: Uint8Array[] = [];
  /** Frames that wait for an edge between two frames and end the way. */
  #last: readonly Uint8Array[] | undefined;
  #finished = false;
  /** The provider did not accept the upgrade: what comes is no WebSocket. */
  #declined = false;

  constructor(direction: Direction) {
    this.#direction = direction;
  }

  /** Whether the client has yet to be told something. */
  get waiting(): boolean {
    return this.#inserts.length > 0 || (this.#last !== undefined && !this.#finished);
  }

  /** Whether the last word has been sent. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Whether nothing that is said now would reach the client as a frame. */
  get deaf(): boolean {
    return this.#declined || this.#follower.lost || this.#follower.closed;
  }

  /** Whether the provider has sent a Close. */
  get closed(): boolean {
    return this.#follower.closed;
  }

  /** Hears the payload of the provider's messages as it passes. */
  listen(listener: ServerFollower['onPayload']): void {
    this.#follower.onPayload = listener;
  }

  /** Puts metadata on the reply to the bytes at hand. */
  annotate(metadata: DynamicMetadata): void {
    this.#direction.annotate(metadata);
  }

  /** The Pong that echoes `payload` is ours: the client does not see it. */
  dropPong(payload: Uint8Array): void {
    this.#follower.dropPong(payload);
  }

  /** Takes what Envoy sends. The replies are due after it. */
  message(message: Message): void {
    switch (message.kind) {
      case 'headers':
        this.#direction.headers(message.endOfStream);
        this.#declined = !acceptsUpgrade(message.headers);
        if (message.endOfStream) this.#direction.end();
        break;
      case 'body':
        this.#direction.chunk(message.bytes, message.endOfStream);
        if (message.bytes.length === 0) this.#direction.acknowledge();
        this.#chunk(message.bytes);
        if (message.endOfStream) this.#direction.end();
        break;
      case 'trailers':
        this.#direction.trailers();
        this.#direction.end();
        break;
    }
  }

  /** Says something between two messages of the provider: now where that can be, else with bytes of the provider. */
  insert(frame: Uint8Array): void {
    this.#inserts.push(frame);
    if (this.#direction.canSend && this.#follower.atMessageBoundary && !this.deaf) this.#sayInserts();
  }

  /** Says the last words, after which nothing of the provider reaches the client. */
  finish(frames: readonly Uint8Array[]): void {
    this.#last = frames;
    if (this.#direction.canSend && this.#follower.atFrameBoundary && !this.deaf) this.#sayLast();
  }

  #chunk(bytes: Uint8Array): void {
    if (this.#finished) return;
    if (!this.waiting || this.deaf) {
      this.#send(this.#declined ? [bytes] : this.#follower.follow(bytes), bytes);
      return;
    }
    const last = this.#last !== undefined;
    const { before, reached, rest } = this.#follower.followTo(last ? 'frame' : 'message', bytes);
    this.#send(before, bytes);
    if (!reached || this.#follower.closed) {
      if (reached) this.#send(this.#follower.follow(rest), bytes);
      return;
    }
    if (last) this.#sayLast();
    else {
      this.#sayInserts();
      this.#send(this.#follower.follow(rest), bytes);
    }
  }

  #sayInserts(): void {
    for (const frame of this.#inserts) this.#direction.send(frame);
    this.#inserts = [];
  }

  #sayLast(): void {
    const ending = this.#follower.endOpenMessage();
    if (ending !== undefined) this.#direction.send(ending);
    this.#sayInserts();
    for (const frame of this.#last ?? []) this.#direction.send(frame);
    this.#finished = true;
  }

  #send(pieces: readonly Uint8Array[], chunk: Uint8Array): void {
    for (const piece of joinViews(pieces, chunk)) this.#direction.send(piece);
  }
}

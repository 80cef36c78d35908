import { applyBufferedReply } from './body-buffered.ts';
import {
  type BodyHost,
  type BodyProcessing,
  editedBytes,
  HeldBytes,
  reportLateEdits,
} from './body-processing.ts';
import type { CommonResponse } from './messages.ts';

/** Response code details of Envoy for a reply of full duplex. */
const STREAMED_RESPONSE =
  'spurious_message:_streamed_response_is_received_while_body_mode__is_not_FULL_DUPLEX_STREAMED';

interface Chunk {
  readonly bytes: Buffer;
  readonly endOfStream: boolean;
}

/**
 * STREAMED: each piece is a message and each reply answers the oldest; the flag of the end is the piece's own. A body
 * that came whole before the header reply collapses into one buffered message (unless bodies do not wait).
 */
export class StreamedBody implements BodyProcessing {
  readonly #host: BodyHost;
  readonly #held = new HeldBytes();
  readonly #queue: Chunk[] = [];
  /** The whole body while it is in the server's hands as one message, then what the server made of it. */
  #collapsed: Buffer | undefined;
  #collapsedPending = false;

  constructor(host: BodyHost) {
    this.#host = host;
  }

  arrive(bytes: Buffer, endOfStream: boolean): void {
    if (this.#host.headerReplyDue && !this.#host.settings.sendBodyWithoutWaiting) {
      this.#held.add(bytes, endOfStream);
    } else {
      this.#send({ bytes, endOfStream });
    }
  }

  headerReplyGiven(): void {
    if (this.#held.started && (this.#held.ended || this.#host.trailersArrived)) {
      this.#collapsed = this.#held.take();
      this.#collapsedPending = true;
      this.#host.sendBody(this.#collapsed, !this.#host.trailersArrived);
      return;
    }
    // Envoy 1.36–1.38.3 and 1.40 let the headers go here; the versions between hold them until the first body reply.
    this.#host.passHeaders();
    if (this.#held.size > 0) this.#send({ bytes: this.#held.take(), endOfStream: false });
    this.#finishIfThrough();
  }

  trailersArrive(): void {
    this.#finishIfThrough();
  }

  reply(response: CommonResponse): void {
    if (this.#collapsedPending) {
      this.#collapsedPending = false;
      reportLateEdits(this.#host, response);
      this.#collapsed = applyBufferedReply(this.#host, response, this.#collapsed ?? Buffer.alloc(0));
      if (this.#collapsed !== undefined) this.#host.bodyDone();
      return;
    }
    reportLateEdits(this.#host, response);
    const chunk = this.#queue.shift();
    if (chunk === undefined) return;
    const result = editedBytes(this.#host, response, chunk.bytes, STREAMED_RESPONSE);
    if (result === undefined) return;
    this.#host.passHeaders();
    this.#host.passData(result.bytes, chunk.endOfStream);
    this.#finishIfThrough();
  }

  flush(endOfStream: boolean): void {
    this.#host.passHeaders();
    if (this.#collapsed !== undefined) this.#host.passData(this.#collapsed, endOfStream);
    this.#collapsed = undefined;
  }

  release(): void {
    this.#host.passHeaders();
    const held = this.#held.take();
    if (held.length > 0) this.#host.passData(held, this.#held.ended);
    if (this.#collapsed !== undefined) this.#host.passData(this.#collapsed, this.#held.ended);
    for (const { bytes, endOfStream } of this.#queue.splice(0)) this.#host.passData(bytes, endOfStream);
  }

  #send(chunk: Chunk): void {
    this.#queue.push(chunk);
    this.#host.sendBody(chunk.bytes, chunk.endOfStream);
  }

  /** Trailers follow when the last piece is answered, and the header reply has come. */
  #finishIfThrough(): void {
    const busy = this.#queue.length > 0 || this.#collapsedPending || this.#host.headerReplyDue;
    if (this.#host.trailersArrived && !busy) this.#host.bodyDone();
  }
}

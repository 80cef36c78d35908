import type { BodyMode, DirectionName, ExchangeEvent, Reply, StreamModes } from '../exchange/events.ts';

/** Largest `streamed_response`; Envoy's advice for FULL_DUPLEX_STREAMED. */
export const maxChunkBytes = 65_536;

/** A reply that Envoy would call spurious: a fault of our own. The text holds no user content. */
export class SpuriousReply extends Error {
  override readonly name = 'SpuriousReply';
}

type MessageEvent = Extract<ExchangeEvent, { kind: 'headers' | 'body' | 'trailers' }>;

interface DirectionLedger {
  admit(event: MessageEvent): boolean;
  reply(reply: Reply): void;
}

/**
 * What Envoy waits for on one stream. The rules of the protocol are asserted here and nowhere else: one-to-one
 * modes get one reply for each message, in order within a direction; full duplex gets the header reply first, then
 * chunks of at most 64 KiB with one end, and nothing after it; nothing follows an immediate response.
 */
export class ReplyLedger {
  readonly #request: DirectionLedger;
  readonly #response: DirectionLedger;
  #answered = false;

  constructor(modes: StreamModes) {
    this.#request = directionLedger(modes.request);
    this.#response = directionLedger(modes.response);
  }

  /**
   * Books a message of Envoy.
   * @returns false for a message behind the end of its direction, to be ignored: Envoy 1.35 to 1.37 is
   *   reported to repeat the last chunk of large bodies in full duplex
   * @throws Error where headers come twice or behind a body
   */
  admit(event: MessageEvent): boolean {
    return this.#direction(event.direction).admit(event);
  }

  /** Books a reply. @throws SpuriousReply where Envoy does not wait for it */
  reply(reply: Reply): void {
    if (this.#answered) throw new SpuriousReply(`a ${reply.kind} reply after the immediate response`);
    this.#direction(reply.direction).reply(reply);
  }

  /** Books the immediate response, which Envoy takes at any time, once. @throws SpuriousReply the second time */
  answer(): void {
    if (this.#answered) throw new SpuriousReply('a second immediate response');
    this.#answered = true;
  }

  #direction(name: DirectionName): DirectionLedger {
    return name === 'request' ? this.#request : this.#response;
  }
}

function directionLedger(mode: BodyMode): DirectionLedger {
  return mode === 'FULL_DUPLEX_STREAMED' ? new DuplexLedger() : new OneToOneLedger();
}

/** Notes what came in one direction, and its end. */
class Arrivals {
  headers = false;
  body = false;
  trailers = false;
  ended = false;

  admit(event: MessageEvent): boolean {
    if (this.ended) return false;
    if (event.kind === 'headers' && (this.headers || this.body)) {
      throw new Error(`${event.direction} headers came twice or behind a body`);
    }
    this[event.kind] = true;
    this.ended = event.kind === 'trailers' || event.endOfStream;
    return true;
  }
}

class OneToOneLedger implements DirectionLedger {
  readonly #arrivals = new Arrivals();
  readonly #due: MessageEvent['kind'][] = [];

  admit(event: MessageEvent): boolean {
    if (!this.#arrivals.admit(event)) return false;
    this.#due.push(event.kind);
    return true;
  }

  reply(reply: Reply): void {
    const due = this.#due.shift();
    if (reply.kind !== due) {
      throw new SpuriousReply(`a ${reply.direction} ${reply.kind} reply where ${due ?? 'nothing'} is due`);
    }
  }
}

class DuplexLedger implements DirectionLedger {
  readonly #arrivals = new Arrivals();
  #headersReplied = false;
  #ended = false;

  admit(event: MessageEvent): boolean {
    return this.#arrivals.admit(event);
  }

  reply(reply: Reply): void {
    const fault = this.#ended ? 'behind the end' : this.#fault(reply);
    if (fault !== undefined) {
      throw new SpuriousReply(`a ${reply.direction} ${reply.kind} reply ${fault}, in full duplex`);
    }
    if (reply.kind === 'headers') this.#headersReplied = true;
    this.#ended = reply.kind === 'trailers' || (reply.kind === 'chunk' && reply.endOfStream);
  }

  /** What is wrong with a reply now; undefined where Envoy takes it. */
  #fault(reply: Reply): string | undefined {
    const { headers, body, trailers } = this.#arrivals;
    const early = headers && !this.#headersReplied ? 'before the header reply' : undefined;
    switch (reply.kind) {
      case 'headers':
        if (!headers) return 'without a headers message';
        return this.#headersReplied ? 'for the second time' : undefined;
      case 'chunk':
        if (early !== undefined) return early;
        if (!body) return 'before the first chunk of Envoy';
        if (trailers && reply.endOfStream) return 'that ends the body where trailers do';
        return reply.bytes.byteLength > maxChunkBytes ? 'over 64 KiB' : undefined;
      case 'trailers':
        return early ?? (trailers ? undefined : 'without a trailers message');
      case 'body':
        return 'that is no streamed_response';
    }
  }
}

import type { HeaderEdits } from '../../dialects/types.ts';
import type { DirectionName, DynamicMetadata, Reply } from '../events.ts';
import { Cargo } from './cargo.ts';
import { type Direction, isEmptyEdits } from './direction.ts';

/** A message of Envoy that has no reply yet. */
type Owed =
  | { readonly kind: 'headers' }
  | { readonly kind: 'body'; readonly bytes: Uint8Array }
  | { readonly kind: 'trailers' };

/**
 * The kind of BUFFERED and STREAMED: each message gets exactly one reply, in order, and bytes ride on the replies to
 * chunks. A chunk whose own bytes stand next in the queue is kept; a chunk with nothing to carry is cleared; the last
 * unanswered chunk carries everything else. Envoy ends the body itself, with the chunk that ended it on its side.
 */
export class OneToOneDirection implements Direction {
  readonly kind = 'one_to_one';
  readonly name: DirectionName;
  /** Whether Envoy still holds the headers when it gets a body reply (BUFFERED), so that this can edit them. */
  readonly #editsWithBody: boolean;
  readonly #cargo = new Cargo();
  #owed: Owed[] = [];
  #queue: Uint8Array[] = [];
  #headersAnswered = false;
  #bodyAnswered = false;
  /** No further chunk will come from Envoy. */
  #inputEnded = false;
  /** No further bytes may be sent. */
  #outputEnded = false;

  constructor(name: DirectionName, editsWithBody: boolean) {
    this.name = name;
    this.#editsWithBody = editsWithBody;
  }

  headers(endOfStream: boolean): void {
    this.#owed.push({ kind: 'headers' });
    if (endOfStream) this.#inputEnded = true;
  }

  chunk(bytes: Uint8Array, endOfStream: boolean): void {
    this.#owed.push({ kind: 'body', bytes });
    if (endOfStream) this.#inputEnded = true;
  }

  trailers(): void {
    this.#owed.push({ kind: 'trailers' });
    this.#inputEnded = true;
  }

  get canSend(): boolean {
    return !this.#outputEnded && this.#owed.some((owed) => owed.kind === 'body');
  }

  get canEdit(): boolean {
    if (!this.#headersAnswered && this.#owed.some((owed) => owed.kind === 'headers')) return true;
    if (!this.#editsWithBody || this.#bodyAnswered) return false;
    return !this.#inputEnded || this.#owed.some((owed) => owed.kind === 'body');
  }

  send(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#outputEnded || (this.#inputEnded && !this.canSend)) {
      throw new Error(`bytes sent after the end of the ${this.name} body`);
    }
    this.#queue.push(bytes);
  }

  acknowledge(): void {}

  end(): void {
    this.#outputEnded = true;
  }

  edit(edits: HeaderEdits): void {
    if (isEmptyEdits(edits)) return;
    if (!this.canEdit) throw new Error(`${this.name} header edits after the replies that could carry them`);
    this.#cargo.addEdits(edits);
  }

  annotate(metadata: DynamicMetadata): void {
    this.#cargo.addMetadata(metadata);
  }

  replies(): readonly Reply[] {
    const owed = this.#owed;
    if (owed.length === 0) return [];
    this.#owed = [];
    let chunksLeft = 0;
    for (const message of owed) if (message.kind === 'body') chunksLeft += 1;
    const replies: Reply[] = [];
    for (const message of owed) {
      if (message.kind === 'body') chunksLeft -= 1;
      replies.push(this.#reply(message, chunksLeft === 0));
    }
    this.#assertNothingStranded();
    return replies;
  }

  #reply(message: Owed, lastChunk: boolean): Reply {
    const direction = this.name;
    switch (message.kind) {
      case 'headers':
        this.#headersAnswered = true;
        return { kind: 'headers', direction, ...this.#cargo.takeEdits(), ...this.#cargo.takeMetadata() };
      case 'trailers':
        return { kind: 'trailers', direction, ...this.#cargo.takeMetadata() };
      case 'body': {
        const edits = this.#editsWithBody && !this.#bodyAnswered ? this.#cargo.takeEdits() : {};
        this.#bodyAnswered = true;
        return {
          kind: 'body',
          direction,
          body: this.#fill(message.bytes, lastChunk),
          ...edits,
          ...this.#cargo.takeMetadata(),
        };
      }
    }
  }

  /** What the reply to one chunk does to the chunk. */
  #fill(chunk: Uint8Array, lastChunk: boolean): Extract<Reply, { kind: 'body' }>['body'] {
    const queue = this.#queue;
    if (queue[0] === chunk && (queue.length === 1 || !lastChunk)) {
      queue.shift();
      return { kind: 'keep' };
    }
    if (!lastChunk || queue.length === 0) return chunk.length === 0 ? { kind: 'keep' } : { kind: 'clear' };
    this.#queue = [];
    const [only] = queue;
    return { kind: 'replace', bytes: queue.length === 1 && only !== undefined ? only : Buffer.concat(queue) };
  }

  #assertNothingStranded(): void {
    if (this.#inputEnded && this.#queue.length > 0) {
      throw new Error(`no reply is left that could carry the rest of the ${this.name} body`);
    }
    if (this.#cargo.hasEdits && !this.canEdit) {
      throw new Error(`no reply is left that could carry the ${this.name} header edits`);
    }
  }
}

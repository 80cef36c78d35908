import type { HeaderEdits } from '../../dialects/types.ts';
import type { DirectionName, DynamicMetadata, Reply } from '../events.ts';
import { Cargo } from './cargo.ts';
import { type Direction, isEmptyEdits } from './direction.ts';

/** Most bytes of one `streamed_response`, as Envoy's API documentation advises. */
export const MAX_CHUNK_BYTES = 64 * 1024;

const EMPTY = new Uint8Array(0);

/**
 * The kind of FULL_DUPLEX_STREAMED: the header reply first, then any number of chunks at any time once Envoy has sent
 * a first one, then one end; nothing after it. Where trailers came they are the end, and no chunk carries one.
 * Envoy keeps nothing, so a body that shall go on must be sent back. Whatever Envoy sends after the end is ignored
 * (some versions repeat the chunk with the end of stream).
 */
export class DuplexDirection implements Direction {
  readonly kind = 'duplex';
  readonly name: DirectionName;
  readonly #cargo = new Cargo();
  #queue: Uint8Array[] = [];
  #headers: 'none' | 'owed' | 'answered' = 'none';
  /** The headers ended the stream: there is no body to send. */
  #headersOnly = false;
  #chunkSeen = false;
  #trailersSeen = false;
  /** `end` was called. */
  #ending = false;
  /** The end was given: a chunk with the end of stream, the trailers reply, or the reply to lone headers. */
  #ended = false;

  constructor(name: DirectionName) {
    this.name = name;
  }

  headers(endOfStream: boolean): void {
    this.#headers = 'owed';
    this.#headersOnly = endOfStream;
  }

  chunk(_bytes: Uint8Array, _endOfStream: boolean): void {
    if (!this.#ended) this.#chunkSeen = true;
  }

  trailers(): void {
    if (!this.#ended) this.#trailersSeen = true;
  }

  get canSend(): boolean {
    return this.#chunkSeen && !this.#ending;
  }

  get canEdit(): boolean {
    return this.#headers === 'owed';
  }

  send(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const noChunkWillCome = this.#headersOnly || (this.#trailersSeen && !this.#chunkSeen);
    if (this.#ending || noChunkWillCome) throw new Error(`bytes sent after the end of the ${this.name} body`);
    this.#queue.push(bytes);
  }

  acknowledge(): void {
    if (!this.#ending) this.#queue.push(EMPTY);
  }

  end(): void {
    this.#ending = true;
  }

  edit(edits: HeaderEdits): void {
    if (isEmptyEdits(edits)) return;
    if (!this.canEdit) throw new Error(`${this.name} header edits after the reply that could carry them`);
    this.#cargo.addEdits(edits);
  }

  annotate(metadata: DynamicMetadata): void {
    this.#cargo.addMetadata(metadata);
  }

  replies(): readonly Reply[] {
    const replies: Reply[] = [];
    const direction = this.name;
    if (this.#headers === 'owed') {
      this.#headers = 'answered';
      replies.push({
        kind: 'headers',
        direction,
        ...this.#cargo.takeEdits(),
        ...this.#cargo.takeMetadata(),
      });
      if (this.#headersOnly) this.#ended = true;
    }
    if (this.#chunkSeen && !this.#ended) this.#pushChunks(replies);
    if (this.#ending && this.#trailersSeen && !this.#ended) {
      this.#ended = true;
      replies.push({ kind: 'trailers', direction, ...this.#cargo.takeMetadata() });
    }
    return replies;
  }

  #pushChunks(replies: Reply[]): void {
    const closing = this.#ending && !this.#trailersSeen;
    const queue = this.#queue;
    this.#queue = [];
    queue.forEach((bytes, index) => {
      if (bytes.length === 0) this.#pushChunk(replies, bytes, closing && index === queue.length - 1);
      for (let start = 0; start < bytes.length; start += MAX_CHUNK_BYTES) {
        const end = Math.min(start + MAX_CHUNK_BYTES, bytes.length);
        const last = closing && index === queue.length - 1 && end === bytes.length;
        this.#pushChunk(replies, end - start === bytes.length ? bytes : bytes.subarray(start, end), last);
      }
    });
    if (closing && queue.length === 0) this.#pushChunk(replies, EMPTY, true);
  }

  #pushChunk(replies: Reply[], bytes: Uint8Array, endOfStream: boolean): void {
    if (endOfStream) this.#ended = true;
    replies.push({
      kind: 'chunk',
      direction: this.name,
      bytes,
      endOfStream,
      ...this.#cargo.takeMetadata(),
    });
  }
}

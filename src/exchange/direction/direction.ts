import type { HeaderEdits } from '../../dialects/types.ts';
import type { DirectionName, DynamicMetadata, Reply } from '../events.ts';

/** How replies stand to messages; see `one-to-one.ts` and `duplex.ts`. */
export type DirectionKind = 'one_to_one' | 'duplex';

/**
 * One direction of an exchange, request or response: the seam that keeps Envoy's body modes out of everything else.
 *
 * The user notes what Envoy sent, says what shall go on, and asks for the replies that this makes due. Messages are
 * held back simply by not asking: `replies` is the only way out. A reply that Envoy would call spurious cannot be
 * expressed: what no reply can carry any more is thrown as an own fault instead of being lost in silence.
 */
export interface Direction {
  readonly name: DirectionName;
  readonly kind: DirectionKind;

  /** Envoy sent the headers. */
  headers(endOfStream: boolean): void;
  /** Envoy sent a chunk of the body; the empty one counts. */
  chunk(bytes: Uint8Array, endOfStream: boolean): void;
  /** Envoy sent the trailers. */
  trailers(): void;

  /** Whether bytes sent now leave with the next `replies`; otherwise they wait for the next chunk. */
  readonly canSend: boolean;
  /** Whether header edits can still ride on a reply. */
  readonly canEdit: boolean;

  /**
   * Queues bytes of the body. Sending the very array that a chunk brought lets that chunk go on as it came.
   * @throws Error where the direction has ended, so that no reply can carry them
   */
  send(bytes: Uint8Array): void;
  /**
   * Answers an empty chunk that does not end the body. Envoy 1.39 sends one at the upgrade of a WebSocket and, in duplex,
   * waits for an answer to it; in a one-to-one mode it gets its reply like any other.
   */
  acknowledge(): void;
  /** No bytes follow. In duplex this ends the body (or, where trailers came, releases them); elsewhere Envoy ends it. */
  end(): void;
  /** @throws Error where the replies that could carry header edits are gone */
  edit(edits: HeaderEdits): void;
  /** Puts dynamic metadata on the next reply. */
  annotate(metadata: DynamicMetadata): void;
  /** The replies that are due now, in the order in which Envoy must get them. */
  replies(): readonly Reply[];
}

/** Whether the edits change nothing. */
export function isEmptyEdits(edits: HeaderEdits): boolean {
  return edits.remove.length === 0 && edits.set.length === 0 && edits.append.length === 0;
}

/** Both edits as one; of two settings of a name the later one stands. */
export function mergeEdits(first: HeaderEdits, later: HeaderEdits): HeaderEdits {
  if (isEmptyEdits(first)) return later;
  if (isEmptyEdits(later)) return first;
  const gone = new Set([...later.remove, ...later.set.map((line) => line.name)]);
  return {
    remove: [...new Set([...first.remove, ...later.remove])],
    set: [...first.set.filter((line) => !gone.has(line.name)), ...later.set],
    append: [...first.append.filter((line) => !gone.has(line.name)), ...later.append],
  };
}

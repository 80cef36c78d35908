import type { Decision } from '../decision.ts';
import type { Message } from '../direction/passing.ts';
import type { BodyMode, Effect } from '../events.ts';
import { type AnswerReader, createAnswerReader } from '../served-tier/answer-reader.ts';
import type { Subject } from '../subject.ts';

/** Response body modes in which the bytes of an answer come as they pass, so that reading them delays nothing. */
const READABLE: ReadonlySet<BodyMode> = new Set(['STREAMED', 'FULL_DUPLEX_STREAMED']);

/** Whether an answer can be watched in this response body mode. */
export function isReadable(mode: BodyMode): boolean {
  return READABLE.has(mode);
}

const NOTHING: readonly Effect[] = [];

/**
 * Reads an answer as it passes for the tier really served, and holds back the decision, and nothing else, until the
 * answer is over or Envoy ends the stream.
 */
export class ServedTierWatch {
  /** Undefined before the headers of the answer, and where it cannot be read. */
  #reader: AnswerReader | undefined;
  #over = false;
  /** The decision that waits. */
  #decision: Decision | undefined;

  /** The tier that the answer so far says was served. */
  get tier(): string | undefined {
    return this.#reader?.tier();
  }

  /** Whether the answer is over, or cannot be read. */
  get over(): boolean {
    return this.#over;
  }

  /**
   * Takes a message of an answer that is not over. Without response headers (`response_header_mode: SKIP`) nothing tells
   * how the body is to be read, and it is not.
   *
   * @param subject undefined where the request is not governed, or Envoy answered before it was known
   */
  message(message: Message, subject: Subject | undefined): void {
    if (message.kind === 'headers') {
      const { dialect, route } = subject ?? {};
      if (dialect?.served && route) {
        this.#reader = createAnswerReader(message.headers, dialect.served, route.words);
      }
    } else if (message.kind === 'body') this.#reader?.write(message.bytes);
    this.#over = this.#reader === undefined || message.kind === 'trailers' || message.endOfStream;
  }

  /** The effects of a request that goes on, without a decision that has to wait for its answer. */
  hold(effects: readonly Effect[], subject: Subject | undefined): readonly Effect[] {
    if (subject?.dialect?.served === undefined) return effects;
    const kept: Effect[] = [];
    for (const effect of effects) {
      if (effect.kind === 'decision') this.#decision = effect.decision;
      else kept.push(effect);
    }
    // The answer came before the whole request.
    if (this.#over) kept.push(...this.release());
    return kept;
  }

  /** The decision that waited, with what is known; nothing where none did. */
  release(): readonly Effect[] {
    const decision = this.#decision;
    this.#decision = undefined;
    if (decision === undefined) return NOTHING;
    return [{ kind: 'decision', decision: { ...decision, tier_served: this.tier } }];
  }
}

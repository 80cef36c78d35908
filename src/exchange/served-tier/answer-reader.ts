import { valuesOf } from '../../dialects/headers.ts';
import type { ExtraWords, HeaderLine, ServedTier } from '../../dialects/types.ts';
import { readContentEncoding } from '../codings.ts';
import { type EventListener, EventStreamReader } from './event-stream.ts';
import { FollowedPaths } from './followed-paths.ts';
import { MemberFollower } from './member-follower.ts';
import { tierOfWords } from './tier-of-words.ts';

/** Reads one answer as its body comes, in pieces of any size, and never throws. */
export interface AnswerReader {
  write(bytes: Uint8Array): void;
  /** The tier that the answer so far says was served: one of ours, or the provider's word for one we do not know. */
  tier(): string | undefined;
}

/**
 * The reader of an answer with these response headers; undefined where nothing can be read from it: an answer that is no
 * success, or one with a content coding.
 */
export function createAnswerReader(
  headers: readonly HeaderLine[],
  served: ServedTier,
  words: ExtraWords,
): AnswerReader | undefined {
  const [status = ''] = valuesOf(headers, ':status');
  if (!/^2\d\d$/.test(status)) return undefined;
  const encoding = readContentEncoding(headers);
  if (!encoding.supported || encoding.codings.length > 0) return undefined;
  const [type = ''] = valuesOf(headers, 'content-type');
  return /^\s*text\/event-stream\s*(?:;|$)/i.test(type)
    ? new EventStreamAnswer(served, words)
    : new JsonAnswer(served, words);
}

/** Member of an event's data that holds its type, in every protocol whose events have one. */
const TYPE = 'type';
/** In the table of events: every type that is not listed. */
const ANY_TYPE = '*';

/** What is followed in the answers of one dialect. */
interface Followed {
  readonly body: FollowedPaths;
  readonly events: FollowedPaths;
}

const followedOf = new WeakMap<ServedTier, Followed>();

function follow(served: ServedTier): Followed {
  let followed = followedOf.get(served);
  if (followed === undefined) {
    followed = {
      body: new FollowedPaths(served.pending ? [...served.body, served.pending.path] : served.body),
      events: new FollowedPaths([TYPE, ...Object.values(served.events).flat()]),
    };
    followedOf.set(served, followed);
  }
  return followed;
}

/** An answer that is one JSON text; it counts only when it is whole. */
class JsonAnswer implements AnswerReader {
  readonly #served: ServedTier;
  readonly #words: ExtraWords;
  readonly #follower: MemberFollower;

  constructor(served: ServedTier, words: ExtraWords) {
    this.#served = served;
    this.#words = words;
    this.#follower = new MemberFollower(follow(served).body);
  }

  write(bytes: Uint8Array): void {
    this.#follower.write(bytes);
  }

  tier(): string | undefined {
    const { body, pending, words } = this.#served;
    const state = pending && this.#follower.textOf(pending.path);
    if (state !== undefined && pending?.words.includes(state)) return undefined;
    const found = body.map((path) => this.#follower.textOf(path)).filter((text) => text !== undefined);
    return tierOfWords(found, words, this.#words);
  }
}

/** An answer that is a stream of server-sent events, each with one JSON text as its data. */
class EventStreamAnswer implements AnswerReader, EventListener {
  readonly #served: ServedTier;
  readonly #words: ExtraWords;
  readonly #stream: EventStreamReader;
  readonly #follower: MemberFollower;
  /** The last text of each member, by the member's name. */
  readonly #found = new Map<string, string>();

  constructor(served: ServedTier, words: ExtraWords) {
    this.#served = served;
    this.#words = words;
    this.#stream = new EventStreamReader(this);
    this.#follower = new MemberFollower(follow(served).events);
  }

  write(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  data(bytes: Uint8Array, start: number, end: number): void {
    this.#follower.write(bytes, start, end);
  }

  event(type: string): void {
    const { events } = this.#served;
    const stated = this.#follower.textOf(TYPE) ?? type;
    for (const path of events[Object.hasOwn(events, stated) ? stated : ANY_TYPE] ?? []) {
      const text = this.#follower.textOf(path);
      if (text !== undefined) this.#found.set(path.slice(path.lastIndexOf('.') + 1), text);
    }
    this.#follower.reset();
  }

  tier(): string | undefined {
    return tierOfWords(this.#found.values(), this.#served.words, this.#words);
  }
}

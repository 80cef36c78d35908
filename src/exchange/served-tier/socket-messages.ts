import type { ExtraWords, ServedTier } from '../../dialects/types.ts';
import { FollowedPaths } from './followed-paths.ts';
import { MemberFollower } from './member-follower.ts';
import { tierOfWords } from './tier-of-words.ts';

const TYPE = 'type';
const LANE = 'stream_id';

/** The lane is empty where the message names none; the tier is one of ours, or the provider's word for one we do not know. */
export type OnServed = (streamId: string, tier: string) => void;

const followedOf = new WeakMap<ServedTier, FollowedPaths>();

/**
 * Reads the messages of a provider on a socket, in pieces of any size, for the tier that a turn was served with. A message
 * is the data of an event of the same API over HTTP.
 */
export class ServedMessageReader {
  readonly #served: ServedTier;
  readonly #words: ExtraWords;
  readonly #onServed: OnServed;
  readonly #follower: MemberFollower;

  constructor(served: ServedTier, words: ExtraWords, onServed: OnServed) {
    this.#served = served;
    this.#words = words;
    this.#onServed = onServed;
    let followed = followedOf.get(served);
    if (followed === undefined) {
      followed = new FollowedPaths([TYPE, LANE, ...Object.values(served.events).flat()]);
      followedOf.set(served, followed);
    }
    this.#follower = new MemberFollower(followed);
  }

  /** Takes a piece of a message. @param end whether it is the last one */
  write(bytes: Uint8Array, end: boolean): void {
    this.#follower.write(bytes);
    if (!end) return;
    this.#message();
    this.#follower.reset();
  }

  #message(): void {
    const { events, words } = this.#served;
    const type = this.#follower.textOf(TYPE) ?? '';
    if (!Object.hasOwn(events, type)) return;
    const found = (events[type] ?? [])
      .map((path) => this.#follower.textOf(path))
      .filter((text) => text !== undefined);
    const tier = tierOfWords(found, words, this.#words);
    if (tier !== undefined) this.#onServed(this.#follower.textOf(LANE) ?? '', tier);
  }
}

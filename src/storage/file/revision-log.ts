import type { PolicyDocument } from '../../policy/schema.ts';
import type { PolicySnapshot, SaveDetails } from '../policy-store.ts';
import { sameDocument } from '../revisions.ts';
import { CacheFile } from './cache-file.ts';
import { HistoryFile } from './history-file.ts';
import { withLock } from './lock-file.ts';
import { errorCode } from './read-file.ts';

/** What is noted of a change that was made in the file itself. */
const FOUND: SaveDetails = { author: 'file', note: 'found in the file' };

/**
 * Numbers the revisions of a policy file, and keeps them: in the history beside it and the newest in `policy.cache`.
 * Where neither can be written, revisions count in this process only, and `problems` says so.
 */
export class RevisionLog {
  readonly #history: HistoryFile;
  readonly #lock: string;
  readonly #cache: CacheFile | undefined;
  /** The newest revision that is known, in force or not: what the next one is counted from. */
  #head: PolicySnapshot | undefined;
  #cached: PolicySnapshot | undefined;
  #historyProblem: string | undefined;
  #cacheProblem: string | undefined;

  /**
   * @param file `policy.file`
   * @param cache `policy.cache`; empty for none
   */
  constructor(file: string, cache: string, scopes: readonly string[]) {
    this.#history = new HistoryFile(`${file}.history.jsonl`);
    this.#lock = `${file}.lock`;
    this.#cache = cache === '' ? undefined : new CacheFile(cache, scopes);
  }

  /** Reads history and cache. */
  async start(): Promise<void> {
    this.#cached = await this.#cache?.read();
    this.#head = this.#cached;
    await this.#catchUp().catch((error: unknown) => this.#historyFailed(error));
  }

  /** Whether any revision was ever stored. */
  get isEmpty(): boolean {
    return this.#head === undefined;
  }

  /** The last good policy of `policy.cache`, as it was at the start. */
  get cached(): PolicySnapshot | undefined {
    return this.#cached;
  }

  get problems(): readonly string[] {
    return [this.#historyProblem, this.#cacheProblem].filter((problem) => problem !== undefined);
  }

  /** Every kept revision, oldest first. */
  async kept(): Promise<readonly PolicySnapshot[]> {
    try {
      return await this.#history.read();
    } catch (error) {
      this.#historyFailed(error);
      return this.#head === undefined ? [] : [this.#head];
    }
  }

  /** Runs `work` while no other process saves this policy. Rejects where the directory cannot be written. */
  locked<T>(work: () => Promise<T>): Promise<T> {
    return withLock(this.#lock, work);
  }

  /**
   * The revision of a document that stands in the file: the newest one where it says the same, else a new one.
   *
   * @param isLocked whether the caller holds the lock
   */
  async found(document: PolicyDocument, isLocked: boolean): Promise<PolicySnapshot> {
    if (this.#head !== undefined && sameDocument(this.#head.document, document)) return this.#head;
    const record = async (): Promise<PolicySnapshot> => {
      await this.#catchUp();
      if (this.#head !== undefined && sameDocument(this.#head.document, document)) return this.#head;
      const snapshot = this.next(document, FOUND);
      await this.append(snapshot);
      return snapshot;
    };
    try {
      return await (isLocked ? record() : this.locked(record));
    } catch (error) {
      this.#historyFailed(error);
      this.#head = this.next(document, FOUND);
      return this.#head;
    }
  }

  /** The revision that a save would make. */
  next(document: PolicyDocument, { author, note }: SaveDetails): PolicySnapshot {
    const epoch = this.#head?.epoch ?? Date.now();
    const revision = (this.#head?.revision ?? 0) + 1;
    return { epoch, revision, document, savedAt: new Date().toISOString(), author, note };
  }

  /** Adds a revision to the history; the caller holds the lock. */
  async append(snapshot: PolicySnapshot): Promise<void> {
    await this.#history.append(snapshot);
    this.#historyProblem = undefined;
    this.#head = snapshot;
  }

  /** Puts a revision that came into force into the cache. */
  async writeCache(snapshot: PolicySnapshot): Promise<void> {
    this.#cacheProblem = await this.#cache?.write(snapshot);
  }

  /** Learns of revisions that other processes added. */
  async #catchUp(): Promise<void> {
    const newest = (await this.#history.read()).at(-1);
    if (newest !== undefined && !(this.#head !== undefined && isYounger(this.#head, newest)))
      this.#head = newest;
  }

  #historyFailed(error: unknown): void {
    this.#historyProblem = `the history beside policy.file cannot be used (${errorCode(error)}): revisions count in this process only`;
  }
}

function isYounger(left: PolicySnapshot, right: PolicySnapshot): boolean {
  return left.epoch === right.epoch ? left.revision > right.revision : left.epoch > right.epoch;
}

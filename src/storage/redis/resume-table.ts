import { MAX_RESUMED_MODEL, type ResumedState } from '../session-store.ts';
import type { RedisConnection } from './connection.ts';
import type { SessionKeys } from './keys.ts';
import { REMEMBER } from './session-scripts.ts';

/** How named sessions reach Redis. */
export interface ResumeTableOptions {
  readonly connection: RedisConnection;
  readonly keys: SessionKeys;
  /** How long a named session is remembered, in milliseconds. */
  readonly ttlMilliseconds: number;
  /** So many writes were given up. */
  readonly onDropped: (count: number) => void;
}

/** Most writes that wait: some 5 MB. Beyond it the oldest is dropped. */
const MAX_PENDING = 10_000;
/** Writes that are under way at once. */
const BATCH = 200;

/** What named sessions have captured: read when a socket begins, written behind its messages. */
export class ResumeTable {
  readonly #options: ResumeTableOptions;
  /** The newest state of each key that is not written yet. */
  #pending = new Map<string, ResumedState>();

  constructor(options: ResumeTableOptions) {
    this.#options = options;
  }

  /** Whether something is to be written. */
  get pending(): boolean {
    return this.#pending.size > 0;
  }

  remember(key: string, { model, time }: ResumedState): void {
    const before = this.#pending.get(key);
    if (before !== undefined && before.time > time) return;
    this.#pending.delete(key);
    const oldest = this.#pending.size < MAX_PENDING ? undefined : this.#pending.keys().next().value;
    if (oldest !== undefined) {
      this.#pending.delete(oldest);
      this.#options.onDropped(1);
    }
    this.#pending.set(key, { model: model.length > MAX_RESUMED_MODEL ? '' : model, time });
  }

  /** Writes what waits. @throws what the connection throws; what was not written waits on */
  async write(): Promise<void> {
    while (this.#pending.size > 0) {
      const batch = [...this.#pending].slice(0, BATCH);
      for (const [key] of batch) this.#pending.delete(key);
      const results = await Promise.allSettled(batch.map(([key, state]) => this.#write(key, state)));
      let failure: unknown;
      for (const [index, result] of results.entries()) {
        const [key, state] = batch[index] ?? [];
        if (result.status === 'fulfilled' || key === undefined || state === undefined) continue;
        failure = result.reason;
        this.remember(key, state);
      }
      if (failure !== undefined) throw failure;
    }
  }

  /** See `SessionStore.resume`. */
  async read(keys: readonly string[]): Promise<ResumedState | undefined> {
    const { connection, keys: names } = this.#options;
    const answers = await Promise.all(
      keys.map((key) => connection.run('hmget', names.resume(key), 'time', 'model')),
    );
    let newest: ResumedState | undefined;
    for (const [index, answer] of answers.entries()) {
      // What this process wrote last may still be under way.
      for (const state of [readState(answer), this.#pending.get(keys[index] ?? '')]) {
        if (state !== undefined && (newest === undefined || state.time >= newest.time)) newest = state;
      }
    }
    return newest;
  }

  #write(key: string, { model, time }: ResumedState): Promise<unknown> {
    const { connection, keys, ttlMilliseconds } = this.#options;
    return connection.run('eval', REMEMBER, 1, keys.resume(key), time, model, ttlMilliseconds);
  }
}

/** @throws Error where something stands there that none of ours wrote */
function readState(answer: unknown): ResumedState | undefined {
  const [time, model] = Array.isArray(answer) ? (answer as unknown[]) : [];
  if (time === null && model === null) return undefined;
  const isTime = typeof time === 'string' && /^\d{1,16}$/.test(time);
  if (!isTime || typeof model !== 'string' || model.length > MAX_RESUMED_MODEL) {
    throw new Error('a named session in Redis is not of its form');
  }
  return { model, time: Number(time) };
}

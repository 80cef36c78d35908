import {
  MAX_RESUMED_MODEL,
  newestSessions,
  type OpenSession,
  type ResumedState,
  type SessionList,
  type SessionStore,
} from '../session-store.ts';

/** How sessions are kept in the process. */
export interface MemorySessionStoreOptions {
  /** The name of this process. */
  readonly node: string;
  /** How long a named session is remembered, in milliseconds. */
  readonly ttlMilliseconds: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Most named sessions that are remembered; the one that was written longest ago goes first. */
const MAX_RESUMED = 100_000;

/** Opens a session store that lasts as long as the process, and is known to it alone. */
export function openMemorySessionStore(options: MemorySessionStoreOptions): SessionStore {
  return new MemorySessionStore(options);
}

class MemorySessionStore implements SessionStore {
  readonly #options: MemorySessionStoreOptions;
  readonly #sessions = new Map<string, OpenSession>();
  /** In the order of their last writing, which is that of their end. */
  readonly #resumed = new Map<string, { readonly state: ResumedState; readonly until: number }>();
  readonly #listeners = new Set<(id: string) => void>();

  constructor(options: MemorySessionStoreOptions) {
    this.#options = options;
  }

  put(session: OpenSession): void {
    this.#sessions.set(session.id, session);
  }

  touch(): void {}

  delete(id: string): void {
    this.#sessions.delete(id);
  }

  async resume(keys: readonly string[]): Promise<ResumedState | undefined> {
    const now = this.#options.now();
    let newest: ResumedState | undefined;
    for (const key of keys) {
      const entry = this.#resumed.get(key);
      if (entry === undefined || entry.until <= now) continue;
      if (newest === undefined || entry.state.time > newest.time) newest = entry.state;
    }
    return newest;
  }

  remember(key: string, { model, time }: ResumedState): void {
    const now = this.#options.now();
    const before = this.#resumed.get(key);
    if (before !== undefined && before.until > now && before.state.time > time) return;
    this.#resumed.delete(key);
    this.#forget(now);
    const state = { model: model.length > MAX_RESUMED_MODEL ? '' : model, time };
    this.#resumed.set(key, { state, until: now + this.#options.ttlMilliseconds });
  }

  async list(limit: number): Promise<SessionList> {
    const { node } = this.#options;
    const records = [...this.#sessions.values()].map((session) => ({ ...session, node }));
    return { sessions: newestSessions(records, limit), incomplete: undefined };
  }

  async end(id: string): Promise<boolean> {
    if (!this.#sessions.has(id)) return false;
    for (const listener of [...this.#listeners]) listener(id);
    return true;
  }

  onEnd(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#sessions.clear();
    this.#resumed.clear();
  }

  /** Makes room for one, and drops what is over. */
  #forget(now: number): void {
    for (const [key, { until }] of this.#resumed) {
      if (until > now && this.#resumed.size < MAX_RESUMED) return;
      this.#resumed.delete(key);
    }
  }
}

import type { OpenSession } from '../session-store.ts';
import type { RedisConnection } from './connection.ts';
import type { SessionKeys } from './keys.ts';
import { encodeSession } from './session-record.ts';
import { ANNOUNCE_NODE, WRITE_NODE } from './session-scripts.ts';

/** How the sockets of this process reach Redis. */
export interface NodeSessionsOptions {
  readonly connection: RedisConnection;
  readonly keys: SessionKeys;
  /** The name of this process. */
  readonly node: string;
  /** How long the sockets stay listed without a sign of their process, in milliseconds. */
  readonly aliveMilliseconds: number;
  /** So many writes were lost; the state behind them is written as soon as that is possible. */
  readonly onDropped: (count: number) => void;
}

/** Sockets of one command; Lua unpacks some 8,000 values at most. */
const BATCH = 1_000;
/** How long a process without a sign stays in the set of processes: its sockets are gone long before. */
const FORGET_MILLISECONDS = 3_600_000;

/**
 * The open sockets of this process and their image in Redis. Nothing is queued: what has changed is a set of ids, and
 * after a failure, or where Redis has lost something, the image is made anew from what is in memory.
 */
export class NodeSessions {
  readonly #options: NodeSessionsOptions;
  readonly #key: string;
  readonly #sessions = new Map<string, OpenSession>();
  #changed = new Set<string>();
  #gone = new Set<string>();
  /** The ids that the image holds, if Redis has lost nothing. */
  #written = new Set<string>();
  /** The image is to be made anew. */
  #anew = true;

  constructor(options: NodeSessionsOptions) {
    this.#options = options;
    this.#key = options.keys.node(options.node);
  }

  get sessions(): ReadonlyMap<string, OpenSession> {
    return this.#sessions;
  }

  /** Whether something is to be written. What was not written before the last socket ended ends by its time to live. */
  get pending(): boolean {
    return this.#anew ? this.#sessions.size > 0 : this.#changed.size > 0 || this.#gone.size > 0;
  }

  put(session: OpenSession): void {
    this.#sessions.set(session.id, session);
    this.touch(session.id);
  }

  touch(id: string): void {
    if (!this.#anew) this.#changed.add(id);
  }

  delete(id: string): void {
    if (!this.#sessions.delete(id) || this.#anew) return;
    this.#changed.delete(id);
    this.#gone.add(id);
  }

  /**
   * Writes what has changed.
   *
   * @param beat also say that the process is alive
   * @throws what the connection throws; then the next call writes everything
   */
  async write(beat: boolean): Promise<void> {
    const anew = this.#anew;
    if (!this.pending && !(beat && this.#sessions.size > 0)) return;
    const writes = anew ? [...this.#sessions.keys()] : [...this.#changed];
    const gone = [...this.#gone];
    this.#changed = new Set();
    this.#gone = new Set();
    this.#anew = false;
    try {
      if (anew || beat) await this.#announce();
      let isWhole: boolean;
      let at = 0;
      do {
        const end = at + BATCH;
        isWhole = await this.#batch(anew && at === 0, writes.slice(at, end), gone.slice(at, end));
        at = end;
      } while (at < Math.max(writes.length, gone.length));
      if (!isWhole) this.#begin();
    } catch (error) {
      this.#begin();
      this.#options.onDropped(writes.length + gone.length);
      throw error;
    }
  }

  /** Takes the sockets of this process off the list. */
  async remove(): Promise<void> {
    const { connection, keys, node } = this.#options;
    this.#sessions.clear();
    await connection.run('pexpire', this.#key, 0);
    await connection.run('zrem', keys.nodes, node);
  }

  #begin(): void {
    this.#anew = true;
    this.#changed.clear();
    this.#gone.clear();
  }

  async #announce(): Promise<void> {
    const { connection, keys, node } = this.#options;
    const now = Date.now();
    const args = [node, now, now - FORGET_MILLISECONDS, FORGET_MILLISECONDS];
    await connection.run('eval', ANNOUNCE_NODE, 1, keys.nodes, ...args);
  }

  /** @returns whether Redis holds as many sockets after it as it should */
  async #batch(anew: boolean, ids: readonly string[], gone: readonly string[]): Promise<boolean> {
    const { connection, aliveMilliseconds } = this.#options;
    const writes: string[] = [];
    if (anew) this.#written.clear();
    for (const id of gone) this.#written.delete(id);
    for (const id of ids) {
      const session = this.#sessions.get(id);
      // It ended while an earlier batch was under way.
      if (session === undefined) continue;
      writes.push(id, encodeSession(session));
      this.#written.add(id);
    }
    const counts = [anew ? 1 : 0, aliveMilliseconds, writes.length];
    const held = await connection.run('eval', WRITE_NODE, 1, this.#key, ...counts, ...writes, ...gone);
    return held === this.#written.size;
  }
}

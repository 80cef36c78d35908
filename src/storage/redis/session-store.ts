import {
  newestSessions,
  type OpenSession,
  type ResumedState,
  type SessionList,
  type SessionRecord,
  type SessionStore,
} from '../session-store.ts';
import { backOff } from './back-off.ts';
import type { RedisConnection } from './connection.ts';
import { type SessionKeys, sessionKeys } from './keys.ts';
import { NodeSessions } from './node-sessions.ts';
import { ResumeTable } from './resume-table.ts';
import { decodeSession } from './session-record.ts';

/** How sessions in Redis are opened. */
export interface RedisSessionStoreOptions {
  /** Shared with other parts; the store does not close it. */
  readonly connection: RedisConnection;
  /** What all keys begin with, in the braces of their hash tag. */
  readonly prefix: string;
  /** The name of this process: letters, digits, `.`, `_` and `-`. No two processes have the same. */
  readonly node: string;
  /** How long a named session is remembered, in milliseconds. */
  readonly ttlMilliseconds: number;
  /** How long sockets stay listed without a sign of their process, in milliseconds. Left out: 30 s. */
  readonly aliveMilliseconds?: number;
  /** So many writes were lost. */
  readonly onDropped: (count: number) => void;
}

/** Three signs of life in the time that the sockets of a process stay listed without one. */
const ALIVE_MILLISECONDS = 30_000;
const BEATS = 3;
/** How long changes are collected before they are written. */
const COLLECT_MILLISECONDS = 100;
/** Sockets of one answer while another process's are listed. */
const PAGE = 1_000;
const ID = /^[0-9a-f]{32}$/;

/** Opens the sessions in Redis; returns at once. */
export function openRedisSessionStore(options: RedisSessionStoreOptions): SessionStore {
  return new RedisSessionStore(options);
}

class RedisSessionStore implements SessionStore {
  readonly #connection: RedisConnection;
  readonly #node: string;
  readonly #keys: SessionKeys;
  readonly #sessions: NodeSessions;
  readonly #resumed: ResumeTable;
  readonly #listeners = new Set<(id: string) => void>();
  readonly #stops: (() => void)[] = [];
  /** The write that is under way, or the last one. Never rejects. */
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #beatDue = false;
  /** Writes that failed one after the other. */
  #failures = 0;
  #closed = false;

  constructor(options: RedisSessionStoreOptions) {
    const { connection, prefix, node, ttlMilliseconds, onDropped } = options;
    const aliveMilliseconds = options.aliveMilliseconds ?? ALIVE_MILLISECONDS;
    const keys = sessionKeys(prefix);
    this.#connection = connection;
    this.#node = node;
    this.#keys = keys;
    this.#sessions = new NodeSessions({ connection, keys, node, aliveMilliseconds, onDropped });
    this.#resumed = new ResumeTable({ connection, keys, ttlMilliseconds, onDropped });
    const beat = setInterval(() => this.#beat(), aliveMilliseconds / BEATS);
    beat.unref();
    this.#stops.push(
      () => clearInterval(beat),
      connection.subscribe(keys.end, { message: (id) => this.#tell(id), subscribed: () => {} }),
      connection.onHealth(({ state }) => {
        if (state === 'up') this.#beat();
      }),
    );
  }

  put(session: OpenSession): void {
    this.#sessions.put(session);
    this.#writeSoon();
  }

  touch(id: string): void {
    this.#sessions.touch(id);
  }

  delete(id: string): void {
    this.#sessions.delete(id);
    this.#writeSoon();
  }

  resume(keys: readonly string[]): Promise<ResumedState | undefined> {
    return this.#resumed.read(keys);
  }

  remember(key: string, state: ResumedState): void {
    this.#resumed.remember(key, state);
    this.#writeSoon();
  }

  async list(limit: number): Promise<SessionList> {
    const own = [...this.#sessions.sessions.values()].map((session) => ({ ...session, node: this.#node }));
    let sessions = newestSessions(own, limit);
    try {
      for (const node of await this.#otherNodes()) {
        for await (const page of this.#pages(node)) {
          // One can come twice (SCAN, "guarantees").
          const all = new Map([...sessions, ...page].map((record) => [record.id, record]));
          sessions = newestSessions(all.values(), limit);
        }
      }
      return { sessions, incomplete: undefined };
    } catch (error) {
      return { sessions, incomplete: `Redis cannot be read: ${this.#connection.explain(error)}` };
    }
  }

  async end(id: string): Promise<boolean> {
    if (!ID.test(id)) return false;
    if (this.#tell(id)) return true;
    try {
      const nodes = await this.#otherNodes();
      const holds = nodes.map((node) => this.#connection.run('hexists', this.#keys.node(node), id));
      const isHeld = (await Promise.all(holds)).includes(1);
      // Also where nobody is known to hold it: it may be so new that it is not written yet.
      await this.#connection.run('publish', this.#keys.end, id);
      return isHeld;
    } catch (error) {
      throw new Error(`Redis cannot pass it on: ${this.#connection.explain(error)}`);
    }
  }

  onEnd(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const stop of this.#stops) stop();
    await this.#writing;
    if (this.#connection.health.state === 'down') return;
    // What cannot be written now ends by its time to live.
    await Promise.allSettled([this.#resumed.write(), this.#sessions.remove()]);
  }

  /** Ends a socket of this process; false where it has none with the id. */
  #tell(id: string): boolean {
    if (!this.#sessions.sessions.has(id)) return false;
    for (const listener of [...this.#listeners]) listener(id);
    return true;
  }

  #beat(): void {
    this.#beatDue = true;
    this.#write();
  }

  #writeSoon(): void {
    this.#timer ??= this.#later(COLLECT_MILLISECONDS);
  }

  #later(milliseconds: number): NodeJS.Timeout | undefined {
    if (this.#closed) return undefined;
    return setTimeout(() => this.#write(), milliseconds).unref();
  }

  /** Writes what is pending, one write at a time. */
  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // It looks again when it ends.
    if (this.#writing !== undefined || this.#closed) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
      const isMore = this.#beatDue || this.#sessions.pending || this.#resumed.pending;
      if (isMore) this.#timer ??= this.#later(COLLECT_MILLISECONDS + this.#wait());
    });
  }

  #wait(): number {
    return this.#failures === 0 ? 0 : backOff(this.#failures);
  }

  async #writeAll(): Promise<void> {
    const beat = this.#beatDue;
    this.#beatDue = false;
    const results = await Promise.allSettled([this.#sessions.write(beat), this.#resumed.write()]);
    const isDone = results.every(({ status }) => status === 'fulfilled');
    this.#failures = isDone ? 0 : this.#failures + 1;
  }

  async #otherNodes(): Promise<readonly string[]> {
    const nodes = await this.#connection.run('zrange', this.#keys.nodes, 0, -1);
    return (Array.isArray(nodes) ? nodes : []).filter((node) => node !== this.#node);
  }

  /** The sockets of another process, so many at a time that neither it nor Redis is held up. */
  async *#pages(node: string): AsyncGenerator<readonly SessionRecord[]> {
    let cursor = '0';
    do {
      const answer = await this.#connection.run('hscan', this.#keys.node(node), cursor, 'COUNT', PAGE);
      const [next, members] = Array.isArray(answer) ? (answer as [unknown, unknown]) : [];
      const page: SessionRecord[] = [];
      const texts = Array.isArray(members) ? members.map(String) : [];
      for (let at = 0; at < texts.length; at += 2) {
        const record = decodeSession(node, texts[at] ?? '', texts[at + 1] ?? '');
        if (record !== undefined) page.push(record);
      }
      yield page;
      cursor = String(next ?? '0');
    } while (cursor !== '0');
  }
}

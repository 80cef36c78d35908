import { randomUUID } from 'node:crypto';
import { quote } from '../../policy/faults.ts';
import { MAX_POLICY_LENGTH } from '../../policy/parse.ts';
import type { PolicyDocument } from '../../policy/schema.ts';
import { validatePolicy } from '../../policy/validate.ts';
import type { OnUnavailable, PolicySnapshot, PolicyStore, SaveDetails, SaveResult } from '../policy-store.ts';
import { sameDocument, unknownRevision } from '../revisions.ts';
import type { RedisConnection } from './connection.ts';
import { isRefusal } from './failure.ts';
import { RedisPolicyCache } from './policy-cache.ts';
import { type PolicyReading, type PolicyRecord, type Rank, rankOf, SEED_EPOCH } from './policy-record.ts';
import { PolicyReplica, type RedisPolicyEvent } from './policy-replica.ts';
import type { PolicySeed } from './policy-seed.ts';
import { PolicyTable } from './policy-table.ts';

export type { RedisPolicyEvent } from './policy-replica.ts';

/** How the policy in Redis is opened. */
export interface RedisPolicyStoreOptions {
  /** Shared with other parts; the store does not close it. */
  readonly connection: RedisConnection;
  /** What all keys begin with, in the braces of their hash tag. */
  readonly prefix: string;
  /** What an empty Redis gets. */
  readonly seed: PolicySeed;
  /** `policy.cache`, absolute; empty for none. */
  readonly cache: string;
  readonly onUnavailable: OnUnavailable;
  /** The scope names of the configuration. */
  readonly scopes: readonly string[];
  /** Milliseconds that a start waits for Redis before cache or `on_unavailable` decides. */
  readonly startMilliseconds: number;
  /** Milliseconds between looks at Redis beside the notices; undefined: it is read once, and no notice is heard. */
  readonly pollMilliseconds?: number | undefined;
  /** What the replica does to Redis by itself, for the log. */
  readonly onEvent: (event: RedisPolicyEvent) => void;
}

/** Saves that may come between the look and the write of one save that expects another revision. */
const MAX_ATTEMPTS = 8;

/** Opens the policy in Redis; resolves when Redis, the cache or `on_unavailable` has decided what is in force. */
export async function openRedisPolicyStore(options: RedisPolicyStoreOptions): Promise<PolicyStore> {
  const store = new RedisPolicyStore(options);
  await store.start();
  return store;
}

class RedisPolicyStore implements PolicyStore {
  readonly #options: RedisPolicyStoreOptions;
  readonly #table: PolicyTable;
  readonly #replica: PolicyReplica;
  /** One operation at a time; a look that waits already is not queued twice. */
  #queue: Promise<unknown> = Promise.resolve();
  #lookWaits = false;
  #closed = false;
  #poll: NodeJS.Timeout | undefined;
  readonly #stops: (() => void)[] = [];

  constructor(options: RedisPolicyStoreOptions) {
    const { connection, prefix, scopes, cache, seed, onUnavailable, onEvent } = options;
    this.#options = options;
    this.#table = new PolicyTable(connection, prefix, scopes);
    this.#replica = new PolicyReplica({
      table: this.#table,
      cache: new RedisPolicyCache(cache, this.#table.keys.policy, scopes),
      seed,
      onUnavailable,
      scopes,
      onEvent,
    });
  }

  async start(): Promise<void> {
    const { connection, startMilliseconds, pollMilliseconds } = this.#options;
    await this.#replica.start();
    await connection.untilUp(startMilliseconds);
    await this.#look();
    if (pollMilliseconds === undefined) return;
    this.#stops.push(
      connection.subscribe(this.#table.keys.changed, {
        message: (id) => {
          if (id !== this.#replica.settledId) this.#lookSoon();
        },
        subscribed: () => this.#lookSoon(),
      }),
      connection.onHealth(() => this.#lookSoon()),
    );
    this.#pollAfter(pollMilliseconds);
  }

  current(): ReturnType<PolicyStore['current']> {
    return this.#replica.inForce.view;
  }

  snapshot(): PolicySnapshot | undefined {
    return this.#replica.inForce.snapshot;
  }

  status(): ReturnType<PolicyStore['status']> {
    const { health } = this.#options.connection;
    return this.#replica.inForce.status(
      health.state === 'up' ? undefined : `Redis is down: ${health.reason}`,
    );
  }

  onChange(listener: () => void): () => void {
    return this.#replica.inForce.onChange(listener);
  }

  save(document: unknown, expectedRevision: number, details: SaveDetails): Promise<SaveResult> {
    return this.#enqueue(() => this.#save(document, expectedRevision, details));
  }

  async history(limit: number): Promise<readonly PolicySnapshot[]> {
    try {
      return await this.#table.history(limit);
    } catch {
      // The status says that Redis is down.
      const { source, snapshot } = this.#replica.inForce;
      return source === 'stored' && snapshot !== undefined ? [snapshot].slice(0, limit) : [];
    }
  }

  rollback(revision: number, expectedRevision: number, details: SaveDetails): Promise<SaveResult> {
    return this.#enqueue(async () => {
      try {
        const { found, seen } = await this.#table.find(revision);
        if (found === undefined) return unknownRevision(revision, seen);
        return await this.#save(found.document, expectedRevision, details);
      } catch (error) {
        return this.#notTaken(error);
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#poll);
    for (const stop of this.#stops) stop();
    await this.#queue;
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Work that nobody waits for; a listener of `onChange` that throws in it must not end the process. */
  #inBackground(work: () => Promise<void>): Promise<void> {
    return this.#enqueue(work).catch(() => {});
  }

  #pollAfter(milliseconds: number): void {
    // Drawn, so that replicas that started together do not ask together.
    const wait = milliseconds * (0.75 + Math.random() / 2);
    this.#poll = setTimeout(async () => {
      await this.#inBackground(() => this.#glance());
      if (!this.#closed) this.#pollAfter(milliseconds);
    }, wait);
    this.#poll.unref();
  }

  #lookSoon(): void {
    if (this.#lookWaits || this.#closed) return;
    this.#lookWaits = true;
    this.#inBackground(() => {
      this.#lookWaits = false;
      return this.#look();
    });
  }

  /** Looks at the id alone, and at all of it where that is not the one in force. */
  async #glance(): Promise<void> {
    try {
      const settled = this.#replica.settledId;
      if (settled !== undefined && (await this.#table.readId()) === settled) this.#replica.reachable();
      else await this.#look();
    } catch {
      await this.#look();
    }
  }

  /** Brings this replica and Redis into line. Never rejects. */
  async #look(): Promise<void> {
    try {
      await this.#replica.refresh();
    } catch (error) {
      this.#replica.unreachable(this.#options.connection.explain(error));
    }
  }

  async #save(document: unknown, expectedRevision: number, details: SaveDetails): Promise<SaveResult> {
    const validation = validatePolicy(document, { scopes: this.#options.scopes });
    if (!validation.ok) return { ok: false, reason: 'invalid', faults: validation.faults };
    const { length } = JSON.stringify(validation.document);
    if (length > MAX_POLICY_LENGTH) {
      const message = `has ${length} characters, more than ${MAX_POLICY_LENGTH}`;
      return { ok: false, reason: 'invalid', faults: [{ path: '', message, remedy: 'Shorten it.' }] };
    }
    const { lint } = validation;
    try {
      for (let attempt = 1; ; attempt += 1) {
        const reading = await this.#replica.refresh();
        if (reading.kind === 'foreign') return notOurs(this.#table.keys.policy);
        const rank = rankOfReading(reading);
        if (this.#replica.outranks(rank)) return behind(this.#replica.inForce.status(undefined).problems);
        const revision = rank?.revision ?? 0;
        if (revision !== expectedRevision || attempt === MAX_ATTEMPTS)
          return { ok: false, reason: 'conflict', revision };
        const stored = reading.kind === 'record' ? reading.record.snapshot : undefined;
        // A seed that is saved becomes a saved policy, so that it outranks other seeds from now on.
        if (
          stored !== undefined &&
          stored.epoch !== SEED_EPOCH &&
          sameDocument(stored.document, validation.document)
        ) {
          return { ok: true, snapshot: stored, lint };
        }
        const record = nextRecord(validation.document, rank, details);
        if (await this.#write(record, rank)) {
          await this.#replica.adopt(record);
          this.#replica.showProblems();
          return { ok: true, snapshot: record.snapshot, lint };
        }
      }
    } catch (error) {
      return this.#notTaken(error);
    }
  }

  #notTaken(error: unknown): SaveResult {
    const doubt = isRefusal(error)
      ? ''
      : '. Whether it was saved is not known: look at the history before you save again';
    const message = `Redis did not take the policy: ${this.#options.connection.explain(error)}${doubt}`;
    return { ok: false, reason: 'read_only', message };
  }

  /** Writes a saved record. Where the answer got lost, Redis is asked whether it was written. */
  async #write(record: PolicyRecord, expected: Rank | undefined): Promise<boolean> {
    try {
      return await this.#table.write({ record, expected, action: 'save' });
    } catch (error) {
      if (isRefusal(error)) throw error;
      await this.#options.connection.untilUp(this.#options.startMilliseconds);
      const id = await this.#table.readId().catch(() => undefined);
      if (id === record.id) return true;
      throw error;
    }
  }
}

function rankOfReading(reading: PolicyReading): Rank | undefined {
  if (reading.kind === 'record') return rankOf(reading.record);
  return reading.kind === 'invalid' ? reading.rank : undefined;
}

/** The first save begins a line of its own, which outranks every seed; those behind it stay in the line. */
function nextRecord(document: PolicyDocument, rank: Rank | undefined, details: SaveDetails): PolicyRecord {
  const now = Date.now();
  const epoch = rank === undefined || rank.epoch === SEED_EPOCH ? now : rank.epoch;
  const { author, note } = details;
  const snapshot = {
    epoch,
    revision: (rank?.revision ?? 0) + 1,
    document,
    savedAt: new Date(now).toISOString(),
    author,
    note,
  };
  return { snapshot, id: randomUUID() };
}

/** A save would count on from a revision that is older than the one in force. */
function behind(problems: readonly string[]): SaveResult {
  const remedy = 'saving is possible again when it is written back';
  return { ok: false, reason: 'read_only', message: [...problems, remedy].join('; ') };
}

function notOurs(key: string): SaveResult {
  const message = `the key ${quote(key)} of Redis holds something that this Tiergate did not write, and it is not overwritten: delete or rename the key, or upgrade`;
  return { ok: false, reason: 'read_only', message };
}

import { randomUUID } from 'node:crypto';
import type { PlacedFault } from '../faults.ts';
import { BUILT_IN, PolicyInForce } from '../policy-in-force.ts';
import type { OnUnavailable, PolicySnapshot } from '../policy-store.ts';
import { describeFailure } from './failure.ts';
import type { CachedPolicy, RedisPolicyCache } from './policy-cache.ts';
import {
  compareRanks,
  type PolicyReading,
  type PolicyRecord,
  type Rank,
  rankOf,
  SEED_EPOCH,
} from './policy-record.ts';
import { type PolicySeed, readSeed } from './policy-seed.ts';
import type { PolicyTable } from './policy-table.ts';

/** Something that a replica did to the policy in Redis by itself, for the log. */
export interface RedisPolicyEvent {
  /** `seeded`: `policy.file` became revision 1. `written_back`: Redis had lost or gone behind the policy in force. */
  readonly kind: 'seeded' | 'written_back';
  readonly key: string;
  readonly epoch: number;
  readonly revision: number;
  /** What stood there, `<epoch>.<revision>`; undefined for nothing. */
  readonly replaced: string | undefined;
  /** The same as one line. */
  readonly message: string;
}

/** What a replica is made of. */
export interface PolicyReplicaOptions {
  readonly table: PolicyTable;
  readonly cache: RedisPolicyCache;
  readonly seed: PolicySeed;
  readonly onUnavailable: OnUnavailable;
  readonly scopes: readonly string[];
  readonly onEvent: (event: RedisPolicyEvent) => void;
}

/** Writers that may come between in one go. */
const MAX_ATTEMPTS = 16;

function faultOfRedis(message: string): PlacedFault {
  const remedy = 'Check store and that Redis runs; the policy is read as soon as it answers.';
  return { file: 'Redis', path: '', message, remedy };
}

/**
 * The policy as one replica holds it, and how it is brought into line with Redis: what is newer there comes into force
 * here, and what Redis has lost is written back. A replica never goes back to a lower rank.
 */
export class PolicyReplica {
  readonly inForce = new PolicyInForce();
  readonly #options: PolicyReplicaOptions;
  /** The highest rank that was seen in Redis, by this process or the one that wrote the cache. */
  #held: PolicyRecord | undefined;
  #cached: CachedPolicy | undefined;
  /** Whether something, if only `on_unavailable`, has decided what is in force. */
  #decided = false;
  #readProblem: string | undefined;
  #writeProblem: string | undefined;
  #cacheProblem: string | undefined;

  constructor(options: PolicyReplicaOptions) {
    this.#options = options;
  }

  /** Reads `policy.cache`. */
  async start(): Promise<void> {
    this.#cached = await this.#options.cache.read();
    this.#held = this.#cached?.record;
  }

  /** The id of the record in force; undefined where none of Redis is, or a newer one cannot be used. */
  get settledId(): string | undefined {
    const { source, snapshot } = this.inForce;
    const isSettled = source === 'stored' && snapshot === this.#held?.snapshot;
    return isSettled && this.inForce.status(undefined).faults.length === 0 ? this.#held?.id : undefined;
  }

  /**
   * Brings Redis and this replica into line.
   *
   * @returns what stands in Redis in the end
   * @throws what the connection throws where Redis cannot be read; see {@link unreachable}
   */
  async refresh(): Promise<PolicyReading> {
    for (let attempt = 1; ; attempt += 1) {
      const reading = await this.#options.table.read();
      this.#readProblem = undefined;
      const isDone = await this.#settle(reading);
      this.showProblems();
      if (isDone || attempt === MAX_ATTEMPTS) return reading;
    }
  }

  /** Whether what this replica holds is newer than what stands in Redis. */
  outranks(stored: Rank | undefined): boolean {
    if (this.#held === undefined) return false;
    return stored === undefined || compareRanks(stored, rankOf(this.#held)) < 0;
  }

  /** Redis cannot be read: what is in force stays, and at a start cache or `on_unavailable` decides. */
  unreachable(reason: string): void {
    const problem = `Redis cannot be read: ${reason}`;
    if (this.inForce.source === 'stored') {
      this.#readProblem = `${problem}; the last policy that was read stays in force`;
    } else this.#cannotUse([faultOfRedis(problem)]);
    this.showProblems();
  }

  /** Redis can be read, and what it holds is what is in force. */
  reachable(): void {
    this.#readProblem = undefined;
    this.#writeProblem = undefined;
    this.showProblems();
  }

  /** Puts a record of Redis in force, unless it is already. */
  async adopt(record: PolicyRecord): Promise<void> {
    this.#decided = true;
    if (this.#held?.id === record.id && this.inForce.source === 'stored') this.inForce.report([]);
    else {
      this.#held = record;
      this.inForce.adopt('stored', record.snapshot);
    }
    this.#writeProblem = undefined;
    this.#cacheProblem = await this.#options.cache.write(record);
  }

  /** What does not work beside the policy itself. */
  showProblems(): void {
    const problems = [this.#readProblem, this.#writeProblem, this.#cacheProblem];
    this.inForce.reportProblems(problems.filter((problem) => problem !== undefined));
  }

  /** The result is whether Redis need not be read again. */
  async #settle(reading: PolicyReading): Promise<boolean> {
    const held = this.#held;
    switch (reading.kind) {
      case 'absent':
        return held === undefined ? this.#plantSeed() : this.#writeBack(held, undefined);
      case 'record': {
        const rank = rankOf(reading.record);
        if (held !== undefined && this.outranks(rank)) return this.#writeBack(held, rank);
        await this.adopt(reading.record);
        return true;
      }
      case 'invalid':
        if (held !== undefined && this.outranks(reading.rank)) {
          return this.#writeBack(held, reading.rank);
        }
        this.#cannotUse(reading.faults);
        return true;
      case 'foreign':
        this.#cannotUse(reading.faults);
        return true;
    }
  }

  /** Writes what Redis has lost. Where that works or another writer was faster, Redis is read again. */
  async #writeBack(held: PolicyRecord, replaced: Rank | undefined): Promise<boolean> {
    const { table, onEvent } = this.#options;
    const { epoch, revision } = held.snapshot;
    try {
      if (await table.write({ record: held, expected: replaced, action: 'write_back' })) {
        const stood = replaced === undefined ? undefined : `${replaced.epoch}.${replaced.revision}`;
        const lost = stood === undefined ? 'was empty' : `held the older ${stood}`;
        const message = `Redis ${lost}: policy ${epoch}.${revision} was written back`;
        onEvent({ kind: 'written_back', key: table.keys.policy, epoch, revision, replaced: stood, message });
      }
      return false;
    } catch (error) {
      const reason = describeFailure(error);
      this.#writeProblem = `Redis does not hold policy ${epoch}.${revision}, which cannot be written back: ${reason}`;
      if (this.inForce.source !== 'stored') this.#cannotUse([faultOfRedis(this.#writeProblem)]);
      return true;
    }
  }

  async #plantSeed(): Promise<boolean> {
    const { table, seed, scopes, onEvent } = this.#options;
    const reading = await readSeed(seed, scopes);
    if (reading.kind === 'faults') {
      this.#cannotUse(reading.faults);
      return true;
    }
    if (reading.kind === 'none') {
      this.#nothingStored();
      return true;
    }
    const snapshot: PolicySnapshot = {
      epoch: SEED_EPOCH,
      revision: 1,
      document: reading.document,
      savedAt: new Date().toISOString(),
      author: 'file',
      note: 'first policy, from policy.file',
    };
    try {
      const record = { snapshot, id: randomUUID() };
      if (await table.write({ record, expected: undefined, action: 'seed' })) {
        const message = `Redis was empty: ${seed.file} was written as revision 1 of the policy`;
        onEvent({
          kind: 'seeded',
          key: table.keys.policy,
          epoch: SEED_EPOCH,
          revision: 1,
          replaced: undefined,
          message,
        });
      }
      return false;
    } catch (error) {
      this.#cannotUse([
        faultOfRedis(`Redis is empty, and policy.file cannot be written to it: ${describeFailure(error)}`),
      ]);
      return true;
    }
  }

  #nothingStored(): void {
    // A policy of the cache outlives a Redis that never held one: to drop it would be a change that nobody made.
    if (!this.#decided && this.#cached !== undefined) this.inForce.adopt('cache', this.#cached.snapshot);
    else if (this.inForce.source !== 'built_in' && this.inForce.source !== 'cache') {
      this.inForce.adopt('built_in', BUILT_IN);
    } else this.inForce.report([]);
    this.#decided = true;
  }

  /** What stands in Redis cannot be in force. */
  #cannotUse(faults: readonly PlacedFault[]): void {
    if (this.#decided) this.inForce.report(faults);
    else if (this.#cached === undefined) this.inForce.fallBack(this.#options.onUnavailable, faults);
    else this.inForce.adopt('cache', this.#cached.snapshot, faults);
    this.#decided = true;
  }
}

import { formatSnapshot, parseSnapshot } from '../file/history-file.ts';
import type { PolicySnapshot } from '../policy-store.ts';
import { KEPT_REVISIONS } from '../revisions.ts';
import type { RedisConnection } from './connection.ts';
import { type PolicyKeys, policyKeys } from './keys.ts';
import {
  encodeFields,
  FOREIGN_REMEDY,
  keyFault,
  type PolicyReading,
  type PolicyRecord,
  type Rank,
  readFields,
} from './policy-record.ts';
import { WRITE_POLICY } from './policy-script.ts';

/** Entries of the audit that are kept, about. */
const KEPT_AUDIT_ENTRIES = 1_000;
/** A revision longer than this is kept less often: a hundred of them would be 64 Mi characters. */
const LONG_REVISION = 640 * 1024;
/** Revisions that are kept in any case. */
const LEAST_REVISIONS = 50;
/** Revisions that a search reads at a time. */
const PAGE = 10;

/** Why a record is written: an operator saved it, it came from `policy.file`, or Redis had lost it. */
export type WriteAction = 'save' | 'seed' | 'write_back';

/** One write. */
export interface PolicyWrite {
  readonly record: PolicyRecord;
  /** What has to stand there; undefined for nothing. */
  readonly expected: Rank | undefined;
  readonly action: WriteAction;
}

/** The policy in Redis: reading, and writing by compare-and-set. Every method rejects where Redis cannot be asked. */
export class PolicyTable {
  readonly keys: PolicyKeys;
  readonly #connection: RedisConnection;
  readonly #scopes: readonly string[];

  constructor(connection: RedisConnection, prefix: string, scopes: readonly string[]) {
    this.#connection = connection;
    this.keys = policyKeys(prefix);
    this.#scopes = scopes;
  }

  /** What stands there now. */
  async read(): Promise<PolicyReading> {
    const { policy } = this.keys;
    try {
      const fields = await this.#connection.run('hgetall', policy);
      if (fields !== null && typeof fields === 'object')
        return readFields(policy, { ...fields }, this.#scopes);
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('WRONGTYPE'))) throw error;
    }
    const message = 'holds something other than a hash';
    return { kind: 'foreign', faults: [keyFault(policy, { path: '', message, remedy: FOREIGN_REMEDY })] };
  }

  /** The id of what stands there now; undefined where it has none. Cheap: no document is read. */
  async readId(): Promise<string | undefined> {
    const id = await this.#connection.run('hget', this.keys.policy, 'id');
    return typeof id === 'string' ? id : undefined;
  }

  /**
   * Writes a record, its entry in the history and in the audit, and tells all replicas: all of it, or nothing.
   *
   * @returns whether `expected` still stood there
   */
  async write({ record, expected, action }: PolicyWrite): Promise<boolean> {
    const { policy, revisions, audit, changed } = this.keys;
    const { snapshot } = record;
    const entry = formatSnapshot(snapshot).trimEnd();
    const kept = entry.length > LONG_REVISION ? LEAST_REVISIONS : KEPT_REVISIONS;
    const replaced = expected === undefined ? 'none' : `${expected.epoch}.${expected.revision}`;
    const fields = encodeFields(record);
    const noted = ['action', action, 'epoch', snapshot.epoch, 'revision', snapshot.revision];
    noted.push('author', snapshot.author, 'note', snapshot.note, 'replaced', replaced);
    const keys = [policy, revisions, audit];
    const settings = [expected?.id ?? '', changed, record.id, entry, kept, KEPT_AUDIT_ENTRIES, fields.length];
    const written = await this.#connection.run(
      'eval',
      ...[WRITE_POLICY, keys.length, ...keys, ...settings, ...fields, ...noted],
    );
    return written === 1;
  }

  /** Stored revisions, newest first; those that cannot be read are left out. */
  async history(limit: number): Promise<readonly PolicySnapshot[]> {
    return limit < 1 ? [] : (await this.#page(0, limit)).filter((snapshot) => snapshot !== undefined);
  }

  /** The newest revision of this number, and the numbers of those that were looked through. */
  async find(revision: number): Promise<{
    readonly found: PolicySnapshot | undefined;
    readonly seen: readonly PolicySnapshot[];
  }> {
    const seen: PolicySnapshot[] = [];
    for (let start = 0; ; start += PAGE) {
      const page = await this.#page(start, PAGE);
      seen.push(...page.filter((snapshot) => snapshot !== undefined));
      const found = page.find((snapshot) => snapshot?.revision === revision);
      if (found !== undefined || page.length < PAGE) return { found, seen };
    }
  }

  async #page(start: number, count: number): Promise<readonly (PolicySnapshot | undefined)[]> {
    const entries = await this.#connection.run('lrange', this.keys.revisions, start, start + count - 1);
    if (!Array.isArray(entries)) return [];
    return entries.map((entry: unknown) => (typeof entry === 'string' ? parseSnapshot(entry) : undefined));
  }
}

import { validatePolicy } from '../../policy/validate.ts';
import { writeAtomically } from '../file/atomic-write.ts';
import { parseSnapshot } from '../file/history-file.ts';
import { errorCode, readTextFile } from '../file/read-file.ts';
import type { PolicySnapshot } from '../policy-store.ts';
import type { PolicyRecord } from './policy-record.ts';

/** What the cache holds. */
export interface CachedPolicy {
  readonly snapshot: PolicySnapshot;
  /**
   * The same as a record where it was read from this key of Redis. Undefined where another store wrote the cache: it can
   * stand in at a start, and it says nothing of what Redis has held.
   */
  readonly record: PolicyRecord | undefined;
}

/** `policy.cache` of a replica: as that of a policy file, with the key and the id of the record. */
export class RedisPolicyCache {
  readonly #file: string;
  readonly #key: string;
  readonly #scopes: readonly string[];
  #written: string | undefined;

  /**
   * @param file `policy.cache`; empty for none
   * @param key the key of the policy in Redis
   */
  constructor(file: string, key: string, scopes: readonly string[]) {
    this.#file = file;
    this.#key = key;
    this.#scopes = scopes;
  }

  /** The cached policy; undefined where there is none or it is not valid. */
  async read(): Promise<CachedPolicy | undefined> {
    if (this.#file === '') return undefined;
    const content = await readTextFile(this.#file);
    if (content.kind !== 'text') return undefined;
    const parsed = parseSnapshot(content.text);
    if (parsed === undefined) return undefined;
    const validation = validatePolicy(parsed.document, { scopes: this.#scopes });
    if (!validation.ok) return undefined;
    const snapshot = { ...parsed, document: validation.document };
    const { key, id } = JSON.parse(content.text) as { readonly key?: unknown; readonly id?: unknown };
    const isOurs = key === this.#key && typeof id === 'string' && !Number.isNaN(Date.parse(snapshot.savedAt));
    return { snapshot, record: isOurs ? { snapshot, id } : undefined };
  }

  /** Writes a record where it is not there yet. Returns what went wrong, in words; undefined for nothing. */
  async write({ snapshot, id }: PolicyRecord): Promise<string | undefined> {
    if (this.#file === '' || this.#written === id) return undefined;
    try {
      await writeAtomically(this.#file, `${JSON.stringify({ ...snapshot, key: this.#key, id })}\n`);
      this.#written = id;
      return undefined;
    } catch (error) {
      return `policy.cache cannot be written (${errorCode(error)}): a restart would not find the last good policy`;
    }
  }
}

import { validatePolicy } from '../../policy/validate.ts';
import type { PolicySnapshot } from '../policy-store.ts';
import { writeAtomically } from './atomic-write.ts';
import { formatSnapshot, parseSnapshot } from './history-file.ts';
import { errorCode, readTextFile } from './read-file.ts';

/** `policy.cache`: the last good policy, for a start at which the policy itself cannot be read. */
export class CacheFile {
  readonly #file: string;
  readonly #scopes: readonly string[];
  #written: string | undefined;

  constructor(file: string, scopes: readonly string[]) {
    this.#file = file;
    this.#scopes = scopes;
  }

  /** The cached revision; undefined where there is none or it is not valid. */
  async read(): Promise<PolicySnapshot | undefined> {
    const content = await readTextFile(this.#file);
    if (content.kind !== 'text') return undefined;
    const snapshot = parseSnapshot(content.text);
    if (snapshot === undefined) return undefined;
    const validation = validatePolicy(snapshot.document, { scopes: this.#scopes });
    if (!validation.ok) return undefined;
    this.#written = content.text;
    return { ...snapshot, document: validation.document };
  }

  /** Writes a revision where it is not there yet. Returns what went wrong, in words; undefined for nothing. */
  async write(snapshot: PolicySnapshot): Promise<string | undefined> {
    const text = formatSnapshot(snapshot);
    if (text === this.#written) return undefined;
    try {
      await writeAtomically(this.#file, text);
      this.#written = text;
      return undefined;
    } catch (error) {
      return `policy.cache cannot be written (${errorCode(error)}): a restart would not find the last good policy`;
    }
  }
}

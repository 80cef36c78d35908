import { open, stat } from 'node:fs/promises';
import { z } from 'zod';
import type { PolicySnapshot } from '../policy-store.ts';
import { KEPT_REVISIONS } from '../revisions.ts';
import { writeAtomically } from './atomic-write.ts';
import { readTextFile } from './read-file.ts';

/** Most bytes of a history: as many of the largest policies as are kept. */
const MAX_HISTORY_BYTES = 512 * 1024 * 1024;
/** Above this size only the revisions of the contract are kept. */
const LARGE_HISTORY_BYTES = 64 * 1024 * 1024;
const LEAST_REVISIONS = 50;

const snapshotSchema = z.object({
  epoch: z.int(),
  revision: z.int(),
  document: z.object({ rules: z.array(z.unknown()) }),
  savedAt: z.string(),
  author: z.string(),
  note: z.string(),
});

/** The file is shortened to the newest revisions when it holds this many. */
const MOST_REVISIONS = 2 * KEPT_REVISIONS;

/**
 * A revision from the text of one; undefined where it is torn. The document is as it was stored: it is validated
 * again before it comes into force, as the scopes of the configuration may have changed.
 */
export function parseSnapshot(text: string): PolicySnapshot | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const result = snapshotSchema.safeParse(value);
  return result.success ? (result.data as unknown as PolicySnapshot) : undefined;
}

/** The text of one revision, on one line. */
export function formatSnapshot(snapshot: PolicySnapshot): string {
  return `${JSON.stringify(snapshot)}\n`;
}

/**
 * The revisions beside the policy file, one a line, oldest first. A line that was torn by a crash is skipped; the
 * next append starts on a line of its own.
 */
export class HistoryFile {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Every revision that can be read, oldest first; empty where there is no history. Rejects where it is unreadable. */
  async read(): Promise<readonly PolicySnapshot[]> {
    const content = await readTextFile(this.#file, MAX_HISTORY_BYTES);
    if (content.kind === 'fault') throw new Error(`${this.#file} ${content.fault.message}`);
    if (content.kind === 'absent') return [];
    return content.text
      .split('\n')
      .map((line) => parseSnapshot(line))
      .filter((snapshot) => snapshot !== undefined);
  }

  /** Adds a revision; it is on the disk when this resolves. */
  async append(snapshot: PolicySnapshot): Promise<void> {
    const revisions = await this.read();
    const kept = (await this.#isLarge()) ? LEAST_REVISIONS : KEPT_REVISIONS;
    if (revisions.length >= (kept === KEPT_REVISIONS ? MOST_REVISIONS : kept)) {
      const text = [...revisions.slice(1 - kept), snapshot].map(formatSnapshot).join('');
      await writeAtomically(this.#file, text);
      return;
    }
    await using handle = await open(this.#file, 'a+');
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    const separator = size > 0 && last.toString() !== '\n' ? '\n' : '';
    await handle.writeFile(separator + formatSnapshot(snapshot));
    await handle.sync();
  }

  async #isLarge(): Promise<boolean> {
    try {
      return (await stat(this.#file)).size > LARGE_HISTORY_BYTES;
    } catch {
      return false;
    }
  }
}

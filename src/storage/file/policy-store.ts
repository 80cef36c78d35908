import { setTimeout as delay } from 'node:timers/promises';
import type { PolicyDocument } from '../../policy/schema.ts';
import { validatePolicy } from '../../policy/validate.ts';
import type { PlacedFault } from '../faults.ts';
import { BUILT_IN, PolicyInForce } from '../policy-in-force.ts';
import type { OnUnavailable, PolicySnapshot, PolicyStore, SaveDetails, SaveResult } from '../policy-store.ts';
import { readPolicyText } from '../policy-text.ts';
import { sameDocument, unknownRevision } from '../revisions.ts';
import { writeAtomically } from './atomic-write.ts';
import { errorCode, readTextFile, targetOf } from './read-file.ts';
import { RevisionLog } from './revision-log.ts';
import { watchFile } from './watcher.ts';
import { readOnlyReason } from './writable.ts';

/** How a policy file is opened. */
export interface FilePolicyStoreOptions {
  /** `policy.file`, absolute. */
  readonly file: string;
  /** Whether the configuration names it; an absent file that nobody named means that nothing is stored yet. */
  readonly named: boolean;
  /** `policy.cache`, absolute; empty for none. */
  readonly cache: string;
  readonly onUnavailable: OnUnavailable;
  /** The scope names of the configuration. */
  readonly scopes: readonly string[];
  /** Milliseconds between looks at the file beside the events of the file system; undefined: it is read once. */
  readonly pollMilliseconds?: number | undefined;
}

/** A file that cannot be used is looked at again after this time before it counts, as an editor may be writing it. */
const HALF_WRITTEN_MILLISECONDS = 100;

/** What the file says. */
type Reading =
  | { readonly kind: 'document'; readonly document: PolicyDocument }
  | { readonly kind: 'absent' }
  | { readonly kind: 'faults'; readonly faults: readonly PlacedFault[] };

/** Opens the policy file; resolves when it, the cache or `on_unavailable` has decided what is in force. */
export async function openFilePolicyStore(options: FilePolicyStoreOptions): Promise<PolicyStore> {
  const store = new FilePolicyStore(options);
  await store.start();
  return store;
}

class FilePolicyStore implements PolicyStore {
  readonly #options: FilePolicyStoreOptions;
  readonly #inForce = new PolicyInForce();
  readonly #log: RevisionLog;
  #readOnly: string | undefined;
  /** The text that was read last and what it says, so that an unchanged file is not validated again. */
  #last: { readonly text: string; readonly reading: Reading } | undefined;
  /** One operation at a time; a look at the file that waits already is not queued twice. */
  #queue: Promise<unknown> = Promise.resolve();
  #lookWaits = false;
  #stopWatching = (): void => {};

  constructor(options: FilePolicyStoreOptions) {
    this.#options = options;
    this.#log = new RevisionLog(options.file, options.cache, options.scopes);
  }

  async start(): Promise<void> {
    const { file, onUnavailable, pollMilliseconds } = this.#options;
    await this.#log.start();
    this.#readOnly = await readOnlyReason(file);
    const reading = await this.#read();
    if (reading.kind === 'document') await this.#adopt(reading.document, false);
    else if (this.#isNothingStored(reading)) this.#inForce.adopt('built_in', BUILT_IN);
    else {
      const { cached } = this.#log;
      if (cached === undefined) this.#inForce.fallBack(onUnavailable, this.#faultsOf(reading));
      else this.#inForce.adopt('cache', cached, this.#faultsOf(reading));
    }
    this.#inForce.reportProblems(this.#log.problems);
    if (pollMilliseconds !== undefined)
      this.#stopWatching = watchFile(file, pollMilliseconds, () => this.#look());
  }

  current(): ReturnType<PolicyStore['current']> {
    return this.#inForce.view;
  }

  snapshot(): PolicySnapshot | undefined {
    return this.#inForce.snapshot;
  }

  status(): ReturnType<PolicyStore['status']> {
    return this.#inForce.status(this.#readOnly);
  }

  onChange(listener: () => void): () => void {
    return this.#inForce.onChange(listener);
  }

  save(document: unknown, expectedRevision: number, details: SaveDetails): Promise<SaveResult> {
    return this.#enqueue(() => this.#save(document, expectedRevision, details));
  }

  async history(limit: number): Promise<readonly PolicySnapshot[]> {
    return (await this.#log.kept()).toReversed().slice(0, limit);
  }

  rollback(revision: number, expectedRevision: number, details: SaveDetails): Promise<SaveResult> {
    return this.#enqueue(async () => {
      const kept = await this.#log.kept();
      const found = kept.findLast((snapshot) => snapshot.revision === revision);
      if (found === undefined) return unknownRevision(revision, kept);
      return this.#save(found.document, expectedRevision, details);
    });
  }

  async close(): Promise<void> {
    this.#stopWatching();
    await this.#queue;
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Looks at the file again, soon. A fault of ours on the way is shown like one of the file. */
  #look(): void {
    if (this.#lookWaits) return;
    this.#lookWaits = true;
    this.#enqueue(async () => {
      this.#lookWaits = false;
      this.#readOnly = await readOnlyReason(this.#options.file);
      await this.#refresh(false);
    }).catch((error: unknown) => {
      const { file } = this.#options;
      const remedy = 'This is a fault of Tiergate; please report it.';
      this.#inForce.report([{ file, path: '', message: `cannot be loaded (${errorCode(error)})`, remedy }]);
    });
  }

  async #refresh(isLocked: boolean): Promise<void> {
    let reading = await this.#read();
    if (reading.kind !== 'document' && !this.#isKnown(reading)) {
      await delay(HALF_WRITTEN_MILLISECONDS);
      reading = await this.#read();
    }
    if (reading.kind === 'document') await this.#adopt(reading.document, isLocked);
    else if (!this.#isKnown(reading)) this.#inForce.report(this.#faultsOf(reading));
    this.#inForce.reportProblems(this.#log.problems);
  }

  /** Whether a file that cannot be used is in its place already as it should be. */
  #isKnown(reading: Reading): boolean {
    if (this.#isNothingStored(reading)) return true;
    return JSON.stringify(this.#inForce.status(undefined).faults) === JSON.stringify(this.#faultsOf(reading));
  }

  #isNothingStored(reading: Reading): boolean {
    return reading.kind === 'absent' && !this.#options.named && this.#log.isEmpty;
  }

  #faultsOf(reading: Reading): readonly PlacedFault[] {
    if (reading.kind === 'faults') return reading.faults;
    const remedy = 'Put the policy file there, or correct policy.file in the configuration.';
    return [{ file: this.#options.file, path: '', message: 'there is no such file', remedy }];
  }

  async #read(): Promise<Reading> {
    const { file, scopes } = this.#options;
    const content = await readTextFile(file);
    if (content.kind === 'absent') return content;
    if (content.kind === 'fault') return { kind: 'faults', faults: [content.fault] };
    if (this.#last?.text !== content.text) {
      const result = readPolicyText(content.text, file, scopes);
      const reading: Reading = result.ok
        ? { kind: 'document', document: result.document }
        : { kind: 'faults', faults: result.faults };
      this.#last = { text: content.text, reading };
    }
    return this.#last.reading;
  }

  async #adopt(document: PolicyDocument, isLocked: boolean): Promise<void> {
    if (this.#inForce.source === 'stored' && sameDocument(this.#inForce.snapshot?.document, document)) {
      this.#inForce.report([]);
      return;
    }
    const snapshot = await this.#log.found(document, isLocked);
    this.#inForce.adopt('stored', snapshot);
    await this.#log.writeCache(snapshot);
  }

  async #save(document: unknown, expectedRevision: number, details: SaveDetails): Promise<SaveResult> {
    const { file, scopes } = this.#options;
    const validation = validatePolicy(document, { scopes });
    if (!validation.ok) return { ok: false, reason: 'invalid', faults: validation.faults };
    this.#readOnly = await readOnlyReason(file);
    if (this.#readOnly !== undefined) return { ok: false, reason: 'read_only', message: this.#readOnly };
    try {
      return await this.#log.locked(async () => {
        await this.#refresh(true);
        const { snapshot: newest, source } = this.#inForce;
        const revision = newest?.revision ?? 0;
        if (revision !== expectedRevision) return { ok: false, reason: 'conflict', revision };
        if (
          newest !== undefined &&
          source === 'stored' &&
          sameDocument(newest.document, validation.document)
        ) {
          return { ok: true, snapshot: newest, lint: validation.lint };
        }
        const snapshot = this.#log.next(validation.document, details);
        const text = `${JSON.stringify(validation.document, undefined, 2)}\n`;
        // The history first: a process that watches the file finds there who saved it.
        await writeAtomically(await targetOf(file), text, () => this.#log.append(snapshot));
        this.#inForce.adopt('stored', snapshot);
        await this.#log.writeCache(snapshot);
        this.#inForce.reportProblems(this.#log.problems);
        return { ok: true, snapshot, lint: validation.lint };
      });
    } catch (error) {
      const message = `${file} cannot be saved (${errorCode(error)}): check that its directory is writable and not full`;
      return { ok: false, reason: 'read_only', message };
    }
  }
}

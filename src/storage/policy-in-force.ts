import type { PolicyView } from '../exchange/settings.ts';
import { compilePolicy } from '../policy/compile.ts';
import { DEFAULT_POLICY } from '../policy/defaults.ts';
import { lintPolicy, type Warning } from '../policy/lint.ts';
import type { PlacedFault } from './faults.ts';
import type { OnUnavailable, PolicySnapshot, PolicySource, PolicyStatus } from './policy-store.ts';

/** The built-in policy as a revision: what is in force where nothing is stored. */
export const BUILT_IN: PolicySnapshot = Object.freeze({
  epoch: 0,
  revision: 0,
  document: DEFAULT_POLICY,
  savedAt: '',
  author: 'tiergate',
  note: 'built-in policy',
});

const FALLBACKS: Readonly<Record<OnUnavailable, PolicySource>> = {
  closed: 'none',
  open: 'reported',
  default: 'built_in',
};

function sameLists(left: readonly unknown[], right: readonly unknown[]): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/**
 * The policy in force and how it is, with its listeners: what every policy store has in common. All of it changes in
 * one step, so a reader never sees half a change.
 */
export class PolicyInForce {
  #source: PolicySource = 'none';
  #snapshot: PolicySnapshot | undefined;
  #view: PolicyView | undefined;
  #lint: readonly Warning[] = [];
  #faults: readonly PlacedFault[] = [];
  #problems: readonly string[] = [];
  readonly #listeners = new Set<() => void>();

  get source(): PolicySource {
    return this.#source;
  }

  get snapshot(): PolicySnapshot | undefined {
    return this.#snapshot;
  }

  get view(): PolicyView | undefined {
    return this.#view;
  }

  status(readOnly: string | undefined): PolicyStatus {
    return {
      source: this.#source,
      revision: this.#snapshot?.revision ?? 0,
      faults: this.#faults,
      problems: this.#problems,
      readOnly,
      lint: this.#lint,
    };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Puts a revision in force. `faults`: why it is not the newest one. */
  adopt(
    source: 'stored' | 'built_in' | 'cache',
    snapshot: PolicySnapshot,
    faults: readonly PlacedFault[] = [],
  ): void {
    this.#set(source, snapshot, undefined, faults);
  }

  /** Nothing can be read at a start: what `on_unavailable` says. */
  fallBack(choice: OnUnavailable, faults: readonly PlacedFault[]): void {
    const source = FALLBACKS[choice];
    if (source === 'none') {
      this.#source = source;
      this.#snapshot = undefined;
      this.#view = undefined;
      this.#lint = [];
      this.#faults = faults;
      this.#announce();
    } else {
      this.#set(source, BUILT_IN, source === 'reported' ? 'report' : undefined, faults);
    }
  }

  /** The newest document cannot be used, or (none) it is in force again; what is in force stays. */
  report(faults: readonly PlacedFault[]): void {
    if (sameLists(faults, this.#faults)) return;
    this.#faults = faults;
    this.#announce();
  }

  /** What does not work beside the policy itself. */
  reportProblems(problems: readonly string[]): void {
    if (sameLists(problems, this.#problems)) return;
    this.#problems = problems;
    this.#announce();
  }

  #set(
    source: PolicySource,
    snapshot: PolicySnapshot,
    enforcement: PolicyView['enforcement'],
    faults: readonly PlacedFault[],
  ): void {
    const view = { revision: snapshot.revision, policy: compilePolicy(snapshot.document), enforcement };
    this.#source = source;
    this.#snapshot = snapshot;
    this.#view = view;
    this.#lint = lintPolicy(snapshot.document);
    this.#faults = faults;
    this.#announce();
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }
}

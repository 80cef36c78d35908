import { type Validation, validatePolicy } from '../../policy/validate.ts';
import { BUILT_IN, PolicyInForce } from '../policy-in-force.ts';
import type { PolicySnapshot, PolicyStore, SaveDetails, SaveResult } from '../policy-store.ts';
import { KEPT_REVISIONS, sameDocument, unknownRevision } from '../revisions.ts';

export interface MemoryPolicyStoreOptions {
  /** The scope names of the configuration. */
  readonly scopes: readonly string[];
}

/** The policy in the memory of this process: the built-in one until something is saved, and again after a restart. */
export function openMemoryPolicyStore({ scopes }: MemoryPolicyStoreOptions): PolicyStore {
  const inForce = new PolicyInForce();
  inForce.adopt('built_in', BUILT_IN);
  const epoch = Date.now();
  let revisions: PolicySnapshot[] = [];

  function store(validation: Validation, expectedRevision: number, details: SaveDetails): SaveResult {
    if (!validation.ok) return { ok: false, reason: 'invalid', faults: validation.faults };
    const revision = inForce.snapshot?.revision ?? 0;
    if (revision !== expectedRevision) return { ok: false, reason: 'conflict', revision };
    const newest = revisions.at(-1);
    if (newest !== undefined && sameDocument(newest.document, validation.document)) {
      return { ok: true, snapshot: newest, lint: validation.lint };
    }
    const snapshot = {
      epoch,
      revision: revision + 1,
      document: validation.document,
      savedAt: new Date().toISOString(),
      author: details.author,
      note: details.note,
    };
    revisions = [...revisions, snapshot].slice(-KEPT_REVISIONS);
    inForce.adopt('stored', snapshot);
    return { ok: true, snapshot, lint: validation.lint };
  }

  return {
    current: () => inForce.view,
    snapshot: () => inForce.snapshot,
    status: () => inForce.status(undefined),
    onChange: (listener) => inForce.onChange(listener),
    async save(document, expectedRevision, details) {
      return store(validatePolicy(document, { scopes }), expectedRevision, details);
    },
    async history(limit) {
      return revisions.toReversed().slice(0, limit);
    },
    async rollback(revision, expectedRevision, details) {
      const found = revisions.find((snapshot) => snapshot.revision === revision);
      if (found === undefined) return unknownRevision(revision, revisions);
      return store(validatePolicy(found.document, { scopes }), expectedRevision, details);
    },
    async close() {},
  };
}

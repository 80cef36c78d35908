import type { PolicyDocument } from '../policy/schema.ts';
import type { PolicySnapshot, SaveResult } from './policy-store.ts';

/** Revisions that a store keeps at least; the contract asks for 50. */
export const KEPT_REVISIONS = 100;

/**
 * Whether two stored documents say the same. Both are in the normal form of the validation, so members stand in one
 * order and the comparison of texts is enough.
 */
export function sameDocument(left: PolicyDocument | undefined, right: PolicyDocument): boolean {
  return left !== undefined && JSON.stringify(left) === JSON.stringify(right);
}

/** The answer to a rollback to a revision that is not kept. */
export function unknownRevision(revision: number, kept: readonly PolicySnapshot[]): SaveResult {
  const numbers = kept.map((snapshot) => snapshot.revision);
  const range =
    numbers.length === 0
      ? 'none is stored yet'
      : `kept are ${Math.min(...numbers)} to ${Math.max(...numbers)}`;
  return { ok: false, reason: 'unknown_revision', message: `there is no revision ${revision}; ${range}` };
}

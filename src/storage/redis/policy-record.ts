import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Fault, quote } from '../../policy/faults.ts';
import { MAX_POLICY_LENGTH } from '../../policy/parse.ts';
import { validatePolicy } from '../../policy/validate.ts';
import type { PlacedFault } from '../faults.ts';
import type { PolicySnapshot } from '../policy-store.ts';

/** The layout of the hash that this version reads and writes. */
const FORMAT = '1';

/**
 * The epoch of a policy that came from `policy.file`: below that of any saved one, which is a time in milliseconds, and
 * above that of the built-in policy.
 */
export const SEED_EPOCH = 1;

/** A revision as Redis holds it. */
export interface PolicyRecord {
  readonly snapshot: PolicySnapshot;
  /** Random: no two writes have the same, so a compare-and-set compares it. */
  readonly id: string;
}

/** What decides which of two records outranks the other. */
export interface Rank {
  readonly epoch: number;
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly savedAt: number;
  readonly id: string;
}

/** What stands in the hash. */
export type PolicyReading =
  | { readonly kind: 'absent' }
  | { readonly kind: 'record'; readonly record: PolicyRecord }
  /** A document that cannot be in force here, though its place in the line is known. */
  | { readonly kind: 'invalid'; readonly rank: Rank; readonly faults: readonly PlacedFault[] }
  /** Something that this version did not write: it is never overwritten. */
  | { readonly kind: 'foreign'; readonly faults: readonly PlacedFault[] };

export function rankOf({ snapshot, id }: PolicyRecord): Rank {
  const { epoch, revision, savedAt } = snapshot;
  return { epoch, revision, savedAt: Date.parse(savedAt), id };
}

/**
 * Compares by epoch, then by revision. Two records of one revision come only from a Redis that was restored from an
 * older copy and saved to before a replica came: the younger of them outranks, and the id makes the order total.
 */
export function compareRanks(left: Rank, right: Rank): number {
  if (left.epoch !== right.epoch) return left.epoch - right.epoch;
  if (left.revision !== right.revision) return left.revision - right.revision;
  if (left.savedAt !== right.savedAt) return left.savedAt - right.savedAt;
  return left.id === right.id ? 0 : left.id > right.id ? 1 : -1;
}

function checksumOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The members of the hash, name and value in turn. */
export function encodeFields({ snapshot, id }: PolicyRecord): readonly string[] {
  const { epoch, revision, savedAt, author, note } = snapshot;
  const document = JSON.stringify(snapshot.document);
  const parts = [FORMAT, String(epoch), String(revision), id, savedAt, author, note, document];
  const names = ['format', 'epoch', 'revision', 'id', 'saved_at', 'author', 'note', 'document'];
  return [...names.flatMap((name, index) => [name, parts[index] ?? '']), 'checksum', checksumOf(parts)];
}

const wholeNumber = z
  .string()
  .regex(/^\d{1,16}$/)
  .transform(Number)
  .refine(Number.isSafeInteger);

const hashSchema = z.object({
  format: z.literal(FORMAT),
  epoch: wholeNumber.refine((epoch) => epoch >= SEED_EPOCH),
  revision: wholeNumber.refine((revision) => revision >= 1),
  id: z.string().min(1).max(64),
  saved_at: z.iso.datetime(),
  author: z.string(),
  note: z.string(),
  document: z.string(),
  checksum: z.string(),
});

/** A fault of what stands under a key. */
export function keyFault(key: string, fault: Fault): PlacedFault {
  return { file: `Redis ${key}`, ...fault };
}

/** The remedy where what stands under the key of the policy is none of ours. */
export const FOREIGN_REMEDY =
  'Upgrade this Tiergate if a newer one wrote it; otherwise delete the key, and a replica writes the policy back.';

function documentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readFormat(key: string, format: unknown): PolicyReading | undefined {
  if (format === FORMAT) return undefined;
  const shown = typeof format === 'string' ? `has the format ${quote(format)}` : 'names no format';
  const message = `${shown}; this Tiergate reads ${FORMAT}`;
  return { kind: 'foreign', faults: [keyFault(key, { path: 'format', message, remedy: FOREIGN_REMEDY })] };
}

/**
 * Reads the members of the hash and validates the document as a save does.
 *
 * @param fields what HGETALL answers
 * @param scopes the scope names of the configuration
 */
export function readFields(
  key: string,
  fields: Readonly<Record<string, unknown>>,
  scopes: readonly string[],
): PolicyReading {
  if (Object.keys(fields).length === 0) return { kind: 'absent' };
  const otherFormat = readFormat(key, fields['format']);
  if (otherFormat !== undefined) return otherFormat;
  const parsed = hashSchema.safeParse(fields);
  if (!parsed.success) {
    const members = [...new Set(parsed.error.issues.map(({ path }) => String(path[0])))];
    const faults = members.map((path) =>
      keyFault(key, { path, message: 'is absent or not of its form', remedy: FOREIGN_REMEDY }),
    );
    return { kind: 'foreign', faults };
  }
  const { format, epoch, revision, id, saved_at: savedAt, author, note, document, checksum } = parsed.data;
  const rank = { epoch, revision, savedAt: Date.parse(savedAt), id };
  const invalid = (faults: readonly Fault[]): PolicyReading => ({
    kind: 'invalid',
    rank,
    faults: faults.map((fault) => keyFault(key, fault)),
  });
  const remedy = 'Save the policy through Tiergate ("tiergate policy put"); do not edit the hash.';
  if (document.length > MAX_POLICY_LENGTH) {
    return invalid([{ path: 'document', message: `has more than ${MAX_POLICY_LENGTH} characters`, remedy }]);
  }
  if (
    checksum !== checksumOf([format, String(epoch), String(revision), id, savedAt, author, note, document])
  ) {
    return invalid([{ path: 'checksum', message: 'does not fit: a member was changed or torn', remedy }]);
  }
  const validation = validatePolicy(documentOf(document), { scopes });
  if (!validation.ok) return invalid(validation.faults);
  return {
    kind: 'record',
    record: { id, snapshot: { epoch, revision, document: validation.document, savedAt, author, note } },
  };
}

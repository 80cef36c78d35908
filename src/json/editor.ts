import { CARRIAGE_RETURN, COMMA, LINE_FEED, SPACE, TAB } from './characters.ts';
import type { FoundContainer, FoundMember, JsonEdit } from './types.ts';

/** Bytes of the text that go away, and what stands in their place. */
interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Applies edits to the text in which their members and containers were found. The result is a new buffer, or
 * `bytes` itself where there is nothing to edit; every byte outside of the edits stays as it is.
 *
 * - cut: from the comma before the member to the end of its value; the first member goes with the comma after
 *   it; the only one leaves no comma. White space around stays.
 * - replace: the value alone.
 * - insert: directly after the last value that is left, or after `{` where none is.
 *
 * An edit inside of something that another edit cuts or replaces has no effect; of two replacements of one
 * member the first counts.
 */
export function applyEdits(bytes: Buffer, edits: readonly JsonEdit[]): Buffer {
  if (edits.length === 0) return bytes;
  const splices = effective(splicesOf(bytes, edits));
  let length = bytes.length;
  for (const splice of splices) {
    length -= splice.end - splice.start;
    if (splice.text !== '') length += Buffer.byteLength(splice.text);
  }
  const result = Buffer.allocUnsafe(length);
  let read = 0;
  let written = 0;
  for (const splice of splices) {
    written += bytes.copy(result, written, read, splice.start);
    if (splice.text !== '') written += result.write(splice.text, written);
    read = splice.end;
  }
  bytes.copy(result, written, read);
  return result;
}

/** In the order of the text, without those that start inside of an earlier one. */
function effective(splices: Splice[]): Splice[] {
  if (splices.length === 1) return splices;
  // An insertion and a removal can start at one place: the insertion goes first, it is no part of what goes away.
  splices.sort((a, b) => a.start - b.start || a.end - b.end);
  let covered = 0;
  return splices.filter((splice) => {
    if (splice.start < covered) return false;
    covered = splice.end;
    return true;
  });
}

/** The members that are cut, by the end of their value (no two members share one). */
type Cuts = ReadonlyMap<number, FoundMember>;

const NO_CUTS: Cuts = new Map();

function splicesOf(bytes: Buffer, edits: readonly JsonEdit[]): Splice[] {
  const [first] = edits;
  // What is cut or inserted elsewhere matters only where there is more than one edit.
  if (edits.length === 1 && first !== undefined) return [spliceOf(bytes, first, NO_CUTS, undefined)];
  const cuts = cutsOf(edits);
  const filled = new Set<FoundContainer>();
  return edits.map((edit) => spliceOf(bytes, edit, cuts, filled));
}

function spliceOf(
  bytes: Buffer,
  edit: JsonEdit,
  cuts: Cuts,
  filled: Set<FoundContainer> | undefined,
): Splice {
  if (edit.kind === 'cut') return cutOf(bytes, edit.member, cuts);
  if (edit.kind === 'insert') return insertionOf(edit, cuts, filled);
  return { start: edit.member.valueStart, end: edit.member.valueEnd, text: JSON.stringify(edit.value) };
}

function cutsOf(edits: readonly JsonEdit[]): Cuts {
  const cuts = new Map<number, FoundMember>();
  for (const edit of edits) if (edit.kind === 'cut') cuts.set(edit.member.valueEnd, edit.member);
  return cuts;
}

/** `filled`: the containers without a value left that an earlier insertion went into. */
function insertionOf(
  edit: JsonEdit & { kind: 'insert' },
  cuts: Cuts,
  filled: Set<FoundContainer> | undefined,
): Splice {
  const { container, key, value } = edit;
  const place = container.memberCount === 0 ? undefined : keptValueEnd(container.lastValueEnd, cuts);
  const comma = place === undefined && filled?.has(container) !== true ? '' : ',';
  if (place === undefined) filled?.add(container);
  const start = place ?? container.start + 1;
  return { start, end: start, text: `${comma}${JSON.stringify(key)}:${JSON.stringify(value)}` };
}

function cutOf(bytes: Buffer, member: FoundMember, cuts: Cuts): Splice {
  const { previousValueEnd, keyStart, valueEnd } = member;
  if (previousValueEnd !== undefined && keptValueEnd(previousValueEnd, cuts) !== undefined) {
    return { start: skipWhiteSpace(bytes, previousValueEnd), end: valueEnd, text: '' };
  }
  const next = skipWhiteSpace(bytes, valueEnd);
  return { start: keyStart, end: bytes[next] === COMMA ? next + 1 : valueEnd, text: '' };
}

/** `valueEnd` or, as long as its member is cut, that of the member before; undefined where all up to the first are cut. */
function keptValueEnd(valueEnd: number, cuts: Cuts): number | undefined {
  let kept: number | undefined = valueEnd;
  while (kept !== undefined) {
    const member = cuts.get(kept);
    if (member === undefined) return kept;
    kept = member.previousValueEnd;
  }
  return undefined;
}

/** The text was checked when it was read: between a value and the next token stands white space only. */
function skipWhiteSpace(bytes: Buffer, at: number): number {
  let i = at;
  while (bytes[i] === SPACE || bytes[i] === LINE_FEED || bytes[i] === CARRIAGE_RETURN || bytes[i] === TAB)
    i++;
  return i;
}

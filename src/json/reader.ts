import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SMALL_F,
  SMALL_N,
  SMALL_T,
} from './characters.ts';
import { malformed, UnreadableJson } from './faults.ts';
import {
  findPlainName,
  foldName,
  isExactName,
  type KeyPlan,
  type MemberPlan,
  mayBeGoverned,
  type ObjectPlan,
  type ValuePlan,
} from './plan.ts';
import { Scanner } from './scanner.ts';
import { decodeString, findNul } from './strings.ts';
import type { FoundContainer, FoundMember, JsonFault, JsonKind, JsonLimits, JsonReading } from './types.ts';
import { findInvalidUtf8 } from './utf8.ts';
import { wasmScanner } from './wasm-scanner.ts';

/**
 * Most objects on governed paths in one text. Each is reported, so their number must be bounded by more than
 * the size of the text; no client lists more than a handful of fallbacks.
 */
const MAX_CONTAINERS = 10_000;

/** Longest source of a name with escapes, or beyond ASCII, that is compared with governed ones. */
const MAX_NAME_SOURCE = 64 * 1024;

/** A record that is filled in while its value is being read. */
type Unfinished<T> = { -readonly [K in keyof T]: T[K] };

/** Where an object or array stands. */
interface Place {
  readonly location: string;
  readonly indices: readonly number[];
  /** Number of containers around it. */
  readonly around: number;
}

const NO_INDICES: readonly number[] = [];

const TOP_LEVEL: Place = { location: '', indices: NO_INDICES, around: 0 };

/** 1 for the bytes of a name that stand for themselves and fold as ASCII: no quote, escape, control, or part of a longer character. */
const PLAIN_IN_NAME = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/**
 * Reads one JSON text in one pass: checks all of it strictly (RFC 8259, UTF-8, no byte order mark, an object
 * at the top level) and finds the members and objects that `plan` names.
 *
 * Duplicates are refused as `ambiguous_member` where a governed member or an object or array on its way occurs
 * twice in one object, or in another case: JSON readers differ in which one they take (RFC 8259, section 4).
 * Names are compared with their escapes resolved. Other duplicates pass. So is refused a name that is governed up to a NUL,
 * where readers with C strings end it, or without halves of surrogate pairs, which some writers leave out.
 */
export function readJson(
  bytes: Buffer,
  plan: MemberPlan,
  limits: JsonLimits,
): { ok: true; reading: JsonReading } | { ok: false; fault: JsonFault } {
  try {
    return { ok: true, reading: new Reader(bytes, plan, limits).read() };
  } catch (error) {
    if (error instanceof UnreadableJson) return { ok: false, fault: error.fault };
    throw error;
  }
}

class Reader {
  private readonly bytes: Buffer;
  private readonly plan: MemberPlan;
  private readonly scanner: Scanner;
  private readonly members: FoundMember[] = [];
  private readonly containers: FoundContainer[] = [];
  /** Offset after the name that `readName` read last. */
  private nameEnd = 0;

  constructor(bytes: Buffer, plan: MemberPlan, limits: JsonLimits) {
    this.bytes = bytes;
    this.plan = plan;
    this.scanner = new Scanner(bytes, limits, wasmScanner);
  }

  read(): JsonReading {
    const { bytes, scanner } = this;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
      throw malformed(0, 'the text starts with a byte order mark');
    }
    const invalid = findInvalidUtf8(bytes);
    if (invalid >= 0) throw malformed(invalid, 'the text is not valid UTF-8');
    const start = scanner.skipWhiteSpace(0);
    if (scanner.peek(start) !== OPEN_BRACE) throw malformed(start, 'the top level is not an object');
    const end = scanner.skipWhiteSpace(this.readObject(this.plan.root, start, TOP_LEVEL));
    if (end !== bytes.length) throw malformed(end, 'more text follows after the object');
    return { members: this.members, containers: this.containers };
  }

  /** Reads the object at `start` and returns the offset after it. Recurses as deep as the plan, not the text. */
  private readObject(plan: ObjectPlan, start: number, place: Place): number {
    const { bytes, scanner } = this;
    scanner.checkDepth(start, place.around);
    const { location, indices } = place;
    const container: Unfinished<FoundContainer> = {
      path: plan.path,
      location,
      indices,
      start,
      end: start,
      lastValueEnd: start + 1,
      memberCount: 0,
    };
    if (this.containers.push(container) > MAX_CONTAINERS) {
      throw new UnreadableJson(
        'json_too_many_members',
        start,
        `the text has more than ${MAX_CONTAINERS} objects with governed members`,
      );
    }
    let seen = 0;
    let previousValueEnd: number | undefined;
    let i = scanner.skipWhiteSpace(start + 1);
    if (scanner.peek(i) === CLOSE_BRACE) {
      container.end = i + 1;
      return i + 1;
    }
    for (;;) {
      const keyStart = i;
      if (!mayBeGoverned(plan, bytes[i + 1]!, bytes[i + 2]!)) {
        i = scanner.skipMember(i, place.around + 1);
      } else {
        scanner.countMember(i);
        const key = this.readName(plan, keyStart);
        const keyEnd = this.nameEnd;
        const valueStart = scanner.skipColon(keyEnd);
        if (key === undefined) {
          i = scanner.skipValue(valueStart, place.around + 1);
        } else {
          if ((seen & key.bit) !== 0)
            throw ambiguous(keyStart, `the member "${key.path}" stands twice in one object`);
          seen |= key.bit;
          const member: Unfinished<FoundMember> = {
            path: key.path,
            location: key.path,
            indices: NO_INDICES,
            kind: 'null',
            text: undefined,
            loneSurrogate: false,
            keyStart,
            keyEnd,
            valueStart,
            valueEnd: valueStart,
            previousValueEnd,
          };
          i = this.readGovernedMember(key, member, place);
        }
      }
      container.memberCount++;
      previousValueEnd = i;
      i = scanner.skipWhiteSpace(i);
      const next = scanner.peek(i);
      if (next === CLOSE_BRACE) break;
      if (next !== COMMA) throw malformed(i, 'a comma or a closing brace is missing');
      i = scanner.skipWhiteSpace(i + 1);
    }
    container.lastValueEnd = previousValueEnd;
    container.end = i + 1;
    return i + 1;
  }

  /** Reports a governed member, where its path is asked for, and fills in what only its value tells. */
  private readGovernedMember(key: KeyPlan, member: Unfinished<FoundMember>, object: Place): number {
    if (object.indices.length > 0) {
      member.location = `${object.location}.${key.name}`;
      member.indices = object.indices;
    }
    if (key.value.leaf !== undefined) this.members.push(member);
    const start = member.valueStart;
    const end = this.readValue(key.value, start, member.location, member.indices, object.around + 1);
    member.valueEnd = end;
    member.kind = kindOf(this.bytes[start]!);
    if (member.kind === 'string' && key.value.leaf !== undefined) {
      const decoded = decodeString(this.bytes, start + 1, end - 1);
      member.text = decoded.text;
      member.loneSurrogate = decoded.loneSurrogate;
    }
    return end;
  }

  /** Reads a value on a governed path. One of another kind than the plan expects is checked and not descended into. */
  private readValue(
    plan: ValuePlan,
    start: number,
    location: string,
    indices: readonly number[],
    around: number,
  ): number {
    const first = this.scanner.peek(start);
    if (first === OPEN_BRACE && plan.object !== undefined)
      return this.readObject(plan.object, start, { location, indices, around });
    if (first === OPEN_BRACKET && plan.element !== undefined)
      return this.readArray(plan.element, start, { location, indices, around });
    return this.scanner.skipValue(start, around);
  }

  private readArray(element: ValuePlan, start: number, place: Place): number {
    const { scanner } = this;
    scanner.checkDepth(start, place.around);
    const around = place.around + 1;
    let i = scanner.skipWhiteSpace(start + 1);
    if (scanner.peek(i) === CLOSE_BRACKET) return i + 1;
    for (let index = 0; ; index++) {
      const first = scanner.peek(i);
      i =
        first === OPEN_BRACE || first === OPEN_BRACKET
          ? this.readValue(element, i, `${place.location}[${index}]`, [...place.indices, index], around)
          : scanner.skipValue(i, around);
      i = scanner.skipWhiteSpace(i);
      const next = scanner.peek(i);
      if (next === CLOSE_BRACKET) return i + 1;
      if (next !== COMMA) throw malformed(i, 'a comma or a closing bracket is missing');
      i = scanner.skipWhiteSpace(i + 1);
    }
  }

  /** Reads the name that starts at `start`, sets `nameEnd`, and returns the governed name that it spells. */
  private readName(plan: ObjectPlan, start: number): KeyPlan | undefined {
    const { bytes, scanner } = this;
    let i = start + 1;
    while (i < bytes.length && PLAIN_IN_NAME[bytes[i]!] === 1) i++;
    if (scanner.peek(i) === QUOTE) {
      this.nameEnd = i + 1;
      const key = findPlainName(plan, bytes, start + 1, i);
      if (key !== undefined && !isExactName(key, bytes, start + 1)) throw inOtherCase(start, key);
      return key;
    }
    this.nameEnd = scanner.skipValue(start, 0);
    const end = this.nameEnd - 1;
    const nul = findNul(bytes, start + 1, end);
    if (nul - start > MAX_NAME_SOURCE) {
      throw ambiguous(start, 'a name with escapes is too long to tell what a reader takes it for');
    }
    const { text, loneSurrogate } = decodeString(bytes, start + 1, nul);
    const name = loneSurrogate ? text.replaceAll('\ufffd', '') : text;
    const key = plan.byFoldedName.get(foldName(name));
    if (key === undefined) return undefined;
    if (nul < end || loneSurrogate) {
      throw ambiguous(start, `a member is named like "${key.path}" with a character that some readers drop`);
    }
    if (key.name !== name) throw inOtherCase(start, key);
    return key;
  }
}

function ambiguous(offset: number, reason: string): UnreadableJson {
  return new UnreadableJson('ambiguous_member', offset, reason);
}

function inOtherCase(offset: number, key: KeyPlan): UnreadableJson {
  return ambiguous(offset, `a member is named like "${key.path}" in another case`);
}

/** What a checked value is, by its first byte. */
function kindOf(first: number): JsonKind {
  switch (first) {
    case QUOTE:
      return 'string';
    case OPEN_BRACE:
      return 'object';
    case OPEN_BRACKET:
      return 'array';
    case SMALL_T:
      return 'true';
    case SMALL_F:
      return 'false';
    case SMALL_N:
      return 'null';
    default:
      return 'number';
  }
}

import { BACKSLASH, QUOTE } from './characters.ts';

/** What to do with one value on the way to governed members. */
export interface ValuePlan {
  /** The path that was asked for, where this value itself is governed. */
  leaf: string | undefined;
  /** How to read it where it is an object; undefined: not descended into. */
  object: ObjectPlan | undefined;
  /** How to read its elements where it is an array; undefined: not descended into. */
  element: ValuePlan | undefined;
}

/** One member name that an object is searched for. */
export interface KeyPlan {
  readonly name: string;
  /** The path up to and with this name, for example `fallbacks[].speed`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** `bytes` with ASCII capitals made small. */
  readonly folded: Uint8Array;
  /** The bit that stands for this name among those of its object. */
  readonly bit: number;
  readonly value: ValuePlan;
}

/** The names that one object is searched for. */
export interface ObjectPlan {
  /** `''` for the top level, else for example `session` or `fallbacks[]`. */
  readonly path: string;
  /** For `mayBeGoverned`: by byte, the bits of the names that have it in the first and second place. */
  readonly first: Int32Array;
  readonly second: Int32Array;
  /** The names by their length in bytes, up to the longest. */
  readonly byLength: KeyPlan[][];
  /** The names by `foldName`. */
  readonly byFoldedName: Map<string, KeyPlan>;
}

/** Governed paths, compiled once into a tree that the reader follows. */
export interface MemberPlan {
  readonly root: ObjectPlan;
}

/** The names of one object that were seen fit in the bits of one integer. */
const MAX_NAMES = 31;

const FOLDED = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte,
);

/**
 * A member name as readers that ignore case see it. Besides ASCII capitals these are the two other characters
 * whose Unicode simple fold is an ASCII letter, U+017F (ſ) and U+212A (K): Go's `encoding/json`, which many
 * gateways are built with, takes `ſervice_tier` for `service_tier`.
 */
export function foldName(name: string): string {
  return name
    .replace(/[A-Z]/g, (capital) => capital.toLowerCase())
    .replaceAll('\u017f', 's')
    .replaceAll('\u212a', 'k');
}

/**
 * Compiles paths such as `service_tier`, `session.model`, `fallbacks[].speed`. A path may be the beginning of
 * others (`session` and `session.model`).
 * @throws Error for an empty path or name, a path that ends in `[]` (elements have no name to edit), two names
 * of one object that differ in case only, and more than 31 names in one object.
 */
export function compilePlan(paths: readonly string[]): MemberPlan {
  const root = emptyObject('');
  for (const path of paths) {
    let object = root;
    let walked = '';
    const steps = path.split('.');
    for (const [position, step] of steps.entries()) {
      const name = step.replace(/(\[\])+$/, '');
      const arrays = (step.length - name.length) / 2;
      const isLast = position === steps.length - 1;
      if (name === '' || /[[\]]/.test(name) || (isLast && arrays > 0)) {
        throw new Error(
          `"${path}" is not the path of a member: write names joined by ".", with "[]" after an array on the way`,
        );
      }
      walked += walked === '' ? name : `.${name}`;
      const key = keyOf(object, name, walked);
      if (isLast) {
        key.value.leaf = path;
        break;
      }
      let value = key.value;
      for (let level = 0; level < arrays; level++) {
        walked += '[]';
        value.element ??= emptyValue();
        value = value.element;
      }
      value.object ??= emptyObject(walked);
      object = value.object;
    }
  }
  return { root };
}

function emptyValue(): ValuePlan {
  return { leaf: undefined, object: undefined, element: undefined };
}

function emptyObject(path: string): ObjectPlan {
  // An escape can stand for any character, and one beyond ASCII for a letter (`foldName`): in the first place it
  // leaves open what the second byte belongs to. That is the highest bit, which no name has.
  const first = Int32Array.from({ length: 256 }, (_, byte) => (isPlain(byte) ? 0 : -1));
  const second = Int32Array.from({ length: 256 }, (_, byte) => (isPlain(byte) ? 1 << 31 : -1));
  return { path, first, second, byLength: [], byFoldedName: new Map() };
}

function isPlain(byte: number): boolean {
  return byte < 0x80 && byte !== BACKSLASH;
}

function keyOf(object: ObjectPlan, name: string, path: string): KeyPlan {
  const known = object.byFoldedName.get(foldName(name));
  if (known !== undefined) {
    if (known.name !== name) throw new Error(`"${known.path}" and "${path}" differ in case only`);
    return known;
  }
  if (object.byFoldedName.size === MAX_NAMES)
    throw new Error(`"${path}": one object can have ${MAX_NAMES} governed names at most`);
  // A Uint8Array and not a Buffer: one shape for the engine in the comparison below.
  const bytes = new Uint8Array(Buffer.from(name));
  const key: KeyPlan = {
    name,
    path,
    bytes,
    folded: bytes.map((byte) => FOLDED[byte] ?? byte),
    bit: 1 << object.byFoldedName.size,
    value: emptyValue(),
  };
  object.byFoldedName.set(foldName(name), key);
  // A name of one byte has the closing quote in the second place.
  const [firstByte, secondByte = QUOTE] = key.folded;
  for (const [byte, folded] of FOLDED.entries()) {
    if (folded === firstByte) object.first[byte]! |= key.bit;
    if (folded === secondByte) object.second[byte]! |= key.bit;
  }
  while (object.byLength.length <= bytes.length) object.byLength.push([]);
  object.byLength[bytes.length]?.push(key);
  return key;
}

/** False where no source of a name that starts with these two bytes, after its quote, spells one of the plan in any case. */
export function mayBeGoverned(object: ObjectPlan, firstByte: number, secondByte: number): boolean {
  return (object.first[firstByte]! & object.second[secondByte]!) !== 0;
}

/** The name of the plan that `bytes` from `start` to `end` (ASCII, no escapes) spell, in whatever case. */
export function findPlainName(
  object: ObjectPlan,
  bytes: Buffer,
  start: number,
  end: number,
): KeyPlan | undefined {
  const length = end - start;
  if (length >= object.byLength.length) return undefined;
  for (const key of object.byLength[length]!) {
    const folded = key.folded;
    let i = 0;
    while (i < length && FOLDED[bytes[start + i]!] === folded[i]) i++;
    if (i === length) return key;
  }
  return undefined;
}

/** True where `bytes` spell the name of `key` from `start` on in the very case of the plan. */
export function isExactName(key: KeyPlan, bytes: Buffer, start: number): boolean {
  const name = key.bytes;
  let i = 0;
  while (i < name.length && bytes[start + i] === name[i]) i++;
  return i === name.length;
}

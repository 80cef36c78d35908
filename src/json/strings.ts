import { BACKSLASH, hexValue, SMALL_U } from './characters.ts';

/** A JSON string as text. */
export interface DecodedString {
  /** The text; U+FFFD stands for each half of a surrogate pair that has no other half. */
  readonly text: string;
  readonly loneSurrogate: boolean;
}

/** Up to this many bytes a native decoder costs more by its call than it saves. */
const SHORT = 32;
const REPLACEMENT = 0xfffd;

/** What a one-letter escape stands for (RFC 8259, section 7); 0 for a letter that is no escape. */
export const SHORT_ESCAPE = new Uint8Array(256);
for (const [letter, character] of Object.entries({
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
})) {
  SHORT_ESCAPE[letter.charCodeAt(0)] = character.charCodeAt(0);
}

/**
 * Decodes what stands between the quotes of a string that the scanner has checked. The text with its escapes
 * resolved is never longer than the source, so one buffer of that size is enough, whatever the number of escapes.
 * @param start Offset after the opening quote.
 * @param end Offset of the closing quote.
 */
export function decodeString(bytes: Buffer, start: number, end: number): DecodedString {
  const word = end - start <= SHORT ? plainWord(bytes, start, end) : undefined;
  if (word !== undefined) return { text: word, loneSurrogate: false };
  if (!bytes.subarray(start, end).includes(BACKSLASH))
    return { text: bytes.toString('utf8', start, end), loneSurrogate: false };
  const out = Buffer.allocUnsafe(end - start);
  let loneSurrogate = false;
  let length = 0;
  let i = start;
  while (i < end) {
    const byte = bytes[i]!;
    if (byte !== BACKSLASH) {
      out[length++] = byte;
      i++;
      continue;
    }
    const letter = bytes[i + 1]!;
    if (letter !== SMALL_U) {
      out[length++] = SHORT_ESCAPE[letter]!;
      i += 2;
      continue;
    }
    let codePoint = hexUnit(bytes, i);
    i += 6;
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) {
      const low =
        codePoint < 0xdc00 && i < end && bytes[i] === BACKSLASH && bytes[i + 1] === SMALL_U
          ? hexUnit(bytes, i)
          : 0;
      if (low >= 0xdc00 && low <= 0xdfff) {
        codePoint = 0x10000 + ((codePoint - 0xd800) << 10) + (low - 0xdc00);
        i += 6;
      } else {
        codePoint = REPLACEMENT;
        loneSurrogate = true;
      }
    }
    length = writeCodePoint(out, length, codePoint);
  }
  return { text: out.toString('utf8', 0, length), loneSurrogate };
}

/** A short text of ASCII without escapes, as tiers and models are; undefined for any other. */
function plainWord(bytes: Buffer, start: number, end: number): string | undefined {
  const codes: number[] = [];
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === BACKSLASH || byte >= 0x80) return undefined;
    codes.push(byte);
  }
  return String.fromCharCode(...codes);
}

/**
 * The offset of the first escape of a NUL in the source of a string, else `end`. A NUL that is not escaped is no JSON.
 * @param start Offset after the opening quote.
 * @param end Offset of the closing quote.
 */
export function findNul(bytes: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end) {
    if (bytes[i] !== BACKSLASH) i++;
    else if (bytes[i + 1] !== SMALL_U) i += 2;
    else if (hexUnit(bytes, i) === 0) return i;
    else i += 6;
  }
  return end;
}

/** The four hexadecimal digits of the `\uXXXX` at `at`. */
function hexUnit(bytes: Buffer, at: number): number {
  let unit = 0;
  for (let i = at + 2; i < at + 6; i++) unit = (unit << 4) | hexValue(bytes[i]!);
  return unit;
}

/** Writes a code point as UTF-8 (RFC 3629) and returns the offset after it. */
function writeCodePoint(out: Buffer, at: number, codePoint: number): number {
  if (codePoint < 0x80) {
    out[at] = codePoint;
    return at + 1;
  }
  const continuations = codePoint < 0x800 ? 1 : codePoint < 0x10000 ? 2 : 3;
  // The lead byte holds as many ones as the character has bytes: 110…, 1110…, 11110….
  out[at] = ((0xff00 >> (continuations + 1)) & 0xff) | (codePoint >> (6 * continuations));
  for (let i = 1; i <= continuations; i++)
    out[at + i] = 0x80 | ((codePoint >> (6 * (continuations - i))) & 0x3f);
  return at + continuations + 1;
}

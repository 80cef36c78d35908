import * as characters from './characters.ts';
import {
  CARRIAGE_RETURN,
  hexValue,
  isDigit,
  LINE_FEED,
  MINUS,
  PLUS,
  POINT,
  SMALL_E,
  SMALL_F,
  SMALL_N,
  SMALL_T,
  SMALL_U,
  TAB,
  ZERO,
} from './characters.ts';
import { malformed, nameMissing, tooDeep, tooManyMembers } from './faults.ts';
import { SHORT_ESCAPE } from './strings.ts';
import type { JsonLimits } from './types.ts';
import type { WasmScanner } from './wasm-scanner.ts';

// The engine reads an imported binding from memory at each use, and takes one of this file as a constant.
const { BACKSLASH, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, SPACE } = characters;

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

/** For each container open inside a value being skipped the opening byte of the one around it; grows on demand. */
let outerOpenings = new Uint8Array(64);

/** Checks JSON values against the grammar of RFC 8259 and steps over them. Throws `UnreadableJson`. */
export class Scanner {
  readonly bytes: Buffer;
  readonly length: number;
  private readonly maxDepth: number;
  private readonly maxMembers: number;
  /** Undefined for a text that it does not take. */
  private readonly wasm: WasmScanner | undefined;
  private view: DataView | undefined = undefined;
  private memberCount = 0;

  /** @param wasm What legal values are left to; it holds one text, that of the scanner made last. */
  constructor(bytes: Buffer, limits: JsonLimits, wasm: WasmScanner | undefined) {
    this.bytes = bytes;
    this.length = bytes.length;
    this.maxDepth = limits.depth;
    this.maxMembers = limits.members;
    this.wasm = wasm?.load(bytes) === true ? wasm : undefined;
  }

  /** The offset of the first byte from `at` on that is not white space; the length where there is none. */
  skipWhiteSpace(at: number): number {
    const { bytes, length } = this;
    let i = at;
    while (i < length) {
      const byte = bytes[i]!;
      if (byte > SPACE) break;
      if (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) break;
      i++;
    }
    return i;
  }

  /** The byte at `at`, or -1 at the end of the text. */
  peek(at: number): number {
    return at < this.length ? this.bytes[at]! : -1;
  }

  /** Counts one member of an object that is read member by member; its name must start at `at`. */
  countMember(at: number): void {
    if (this.peek(at) !== QUOTE) throw nameMissing(at);
    if (++this.memberCount > this.maxMembers) throw tooManyMembers(at, this.maxMembers);
  }

  /** Steps over the colon between a name that ended at `at` and its value; returns where the value starts. */
  skipColon(at: number): number {
    const colon = this.skipWhiteSpace(at);
    if (this.peek(colon) !== COLON) throw malformed(colon, 'the colon after a member name is missing');
    return this.skipWhiteSpace(colon + 1);
  }

  /** Refuses a container at `at` that would stand deeper than the limit. @param around Containers around it. */
  checkDepth(at: number, around: number): void {
    if (around >= this.maxDepth) throw tooDeep(at, this.maxDepth);
  }

  /**
   * Checks the value that starts at `at` and returns the offset after it.
   * @param around Number of containers around the value.
   */
  skipValue(at: number, around: number): number {
    const end = this.skipInWasm(at, around, false);
    return end >= 0 ? end : this.skipHere(at, around);
  }

  /** As `skipValue`, for a whole member of an object whose name must start at `at`; it is counted too. */
  skipMember(at: number, around: number): number {
    const end = this.skipInWasm(at, around, true);
    if (end >= 0) return end;
    this.countMember(at);
    return this.skipHere(this.skipColon(this.skipHere(at, around)), around);
  }

  /** The offset after a legal value or member, or -1 where `skipHere` must look. */
  private skipInWasm(at: number, around: number, isMember: boolean): number {
    const { wasm } = this;
    if (wasm === undefined) return -1;
    const end = wasm.skip(at, this.maxDepth - around, isMember);
    const memberCount = this.memberCount + wasm.members;
    if (end < 0 || memberCount > this.maxMembers) return -1;
    this.memberCount = memberCount;
    return end;
  }

  /**
   * As `skipValue`, in TypeScript: for a value with a fault, to name it, and for a text that WebAssembly does not take.
   *
   * One loop with its own stack, so that nesting costs no call, and with the string loop inside of it, for names
   * and values alike: this is where the time goes, and a call for each string would double it.
   */
  private skipHere(at: number, around: number): number {
    const { bytes, length } = this;
    this.view ??= new DataView(bytes.buffer, bytes.byteOffset, length);
    const view = this.view;
    // The last offset from which two words and one more byte can be read; negative in a shorter text.
    const lastPair = length - 9;
    // Containers open inside of the value, and the opening byte of the innermost; 0 where none is.
    let open = 0;
    let opening = 0;
    let isName = false;
    let i = at;
    for (;;) {
      const first = i < length ? bytes[i]! : -1;
      if (first === QUOTE) {
        i++;
        // Words of four bytes: the first two one by one, for names and other short strings, the others in pairs.
        for (;;) {
          if (i > lastPair) {
            i = this.skipStringEnd(i);
            break;
          }
          let ends = endsOfRun(view.getInt32(i, true));
          if (ends === 0) {
            i += 4;
            ends = endsOfRun(view.getInt32(i, true));
            if (ends === 0) {
              i += 4;
              let second = 0;
              while (i <= lastPair) {
                ends = endsOfRun(view.getInt32(i, true));
                second = endsOfRun(view.getInt32(i + 4, true));
                if ((ends | second) !== 0) break;
                i += 8;
              }
              if (ends === 0) {
                if (second === 0) continue;
                ends = second;
                i += 4;
              }
            }
          }
          i += (31 - Math.clz32(ends & -ends)) >> 3;
          const byte = bytes[i]!;
          if (byte === QUOTE) {
            i++;
            break;
          }
          i = byte === BACKSLASH && SHORT_ESCAPE[bytes[i + 1]!] !== 0 ? i + 2 : this.skipEscape(i);
        }
        if (isName) {
          if (++this.memberCount > this.maxMembers) throw tooManyMembers(i, this.maxMembers);
          // As compact printers write it; the call is for the rest.
          i = i + 1 < length && bytes[i] === COLON && bytes[i + 1]! > SPACE ? i + 1 : this.skipColon(i);
          isName = false;
          continue;
        }
      } else if (isName) {
        throw nameMissing(i);
      } else if (first === OPEN_BRACE || first === OPEN_BRACKET) {
        this.checkDepth(i, around + open);
        i++;
        if (i < length && bytes[i]! <= SPACE) i = this.skipWhiteSpace(i);
        // In ASCII each closing bracket stands two after its opening one.
        if (i < length && bytes[i] === first + 2) {
          i++;
        } else {
          if (open === outerOpenings.length) outerOpenings = grown(outerOpenings);
          outerOpenings[open++] = opening;
          opening = first;
          isName = first === OPEN_BRACE;
          continue;
        }
      } else {
        i = this.skipScalar(i, first);
      }
      for (;;) {
        if (open === 0) return i;
        if (i < length && bytes[i]! <= SPACE) i = this.skipWhiteSpace(i);
        const next = i < length ? bytes[i]! : -1;
        if (next === COMMA) {
          i++;
          if (i < length && bytes[i]! <= SPACE) i = this.skipWhiteSpace(i);
          isName = opening === OPEN_BRACE;
          break;
        }
        if (next !== opening + 2) throw malformed(i, 'a comma or a closing bracket is missing');
        opening = outerOpenings[--open]!;
        i++;
      }
    }
  }

  /** Checks the rest of a string, from `at` on, over the last bytes of the text; returns the offset after it. */
  private skipStringEnd(at: number): number {
    let i = at;
    while (i < this.length) {
      const byte = this.bytes[i]!;
      if (byte === QUOTE) return i + 1;
      i = byte === BACKSLASH || byte < SPACE ? this.skipEscape(i) : i + 1;
    }
    throw malformed(this.length, 'the text ends within a string');
  }

  /** Checks the escape at `at`; a byte there that is no backslash is a control character. */
  private skipEscape(at: number): number {
    if (this.bytes[at] !== BACKSLASH) throw malformed(at, 'a control character stands unescaped in a string');
    const letter = this.peek(at + 1);
    if (letter === SMALL_U) {
      for (let i = at + 2; i < at + 6; i++) {
        if (hexValue(this.peek(i)) < 0) throw malformed(i, 'an escape \\u needs four hexadecimal digits');
      }
      return at + 6;
    }
    if (letter < 0 || SHORT_ESCAPE[letter] === 0)
      throw malformed(at, 'a backslash in a string starts no known escape');
    return at + 2;
  }

  private skipScalar(at: number, first: number): number {
    if (first === MINUS || isDigit(first)) return this.skipNumber(at);
    if (first === SMALL_T) return this.skipLiteral(at, TRUE);
    if (first === SMALL_F) return this.skipLiteral(at, FALSE);
    if (first === SMALL_N) return this.skipLiteral(at, NULL);
    throw malformed(at, first < 0 ? 'the text ends where a value must stand' : 'a value is missing');
  }

  private skipLiteral(at: number, literal: Uint8Array): number {
    for (let i = 0; i < literal.length; i++) {
      if (this.peek(at + i) !== literal[i]) throw malformed(at, 'a bare word is none of true, false, null');
    }
    return at + literal.length;
  }

  /** RFC 8259, section 6: `-`, an integer without leading zeros, a fraction, an exponent. */
  private skipNumber(at: number): number {
    let i = this.peek(at) === MINUS ? at + 1 : at;
    i = this.peek(i) === ZERO ? i + 1 : this.skipDigits(i);
    if (this.peek(i) === POINT) i = this.skipDigits(i + 1);
    if ((this.peek(i) | 0x20) === SMALL_E) {
      const sign = this.peek(i + 1);
      i = this.skipDigits(sign === PLUS || sign === MINUS ? i + 2 : i + 1);
    }
    return i;
  }

  private skipDigits(at: number): number {
    let i = at;
    while (isDigit(this.peek(i))) i++;
    if (i === at) throw malformed(i, 'a digit of a number is missing');
    return i;
  }
}

/**
 * Looks at the four bytes of a word at once: sets the high bit of each lane that holds a quote, a backslash or
 * a control character. Only the lowest bit set is exact; lanes after it can be set by its borrow.
 *
 * A byte below n sets its high bit in (x - n) & ~x. Exclusive or with 0x02 moves the quote (0x22) next to the
 * control characters and keeps these below 0x20; exclusive or with 0x5c makes a backslash zero.
 */
function endsOfRun(word: number): number {
  return (((word ^ 0x02020202) - 0x21212121) | ((word ^ 0x5c5c5c5c) - 0x01010101)) & ~word & 0x80808080;
}

/** A copy of the stack with twice the room. */
function grown(stack: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(stack.length * 2);
  larger.set(stack);
  return larger;
}

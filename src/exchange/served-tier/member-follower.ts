import {
  BACKSLASH,
  CARRIAGE_RETURN,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  hexValue,
  LINE_FEED,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SMALL_U,
  SPACE,
  TAB,
} from '../../json/characters.ts';
import { decodeString, SHORT_ESCAPE } from '../../json/strings.ts';
import type { FollowedMember, FollowedPaths } from './followed-paths.ts';

/** Deepest nesting that is followed: as deep as a request may be by default. */
const MAX_DEPTH = 512;
/** Most bytes, escapes and all, of a name, a followed text, a number or a word that are kept. */
const MAX_KEPT_BYTES = 512;

/** Numbers and the three words (RFC 8259, sections 3 and 6). */
const SCALAR = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;

/** What the next byte may be. */
type Place =
  | 'value'
  | 'first_element'
  | 'first_name'
  | 'name'
  | 'colon'
  | 'after_value'
  | 'string'
  | 'escape'
  | 'hexadecimal'
  | 'scalar'
  | 'fault';

/**
 * Follows one JSON text as its bytes come, in pieces of any size, to the texts of a few members. It holds no more than
 * a name or one followed text, whatever the size of the text; everything else is only checked and passed over. What
 * stands in strings or in members of another path is never taken for a followed member.
 */
export class MemberFollower {
  readonly #paths: FollowedPaths;
  #place: Place = 'value';
  /** For each open container whether it is an object. */
  readonly #isObject = new Uint8Array(MAX_DEPTH);
  #depth = 0;
  /** The outermost containers that are objects on a followed path. */
  readonly #way: FollowedMember[] = [];
  /** What the value that is about to come is; undefined where nothing of it is asked for. */
  #target: FollowedMember | undefined;
  readonly #seen: Uint8Array;
  readonly #texts: (string | undefined)[];
  readonly #kept = Buffer.allocUnsafe(MAX_KEPT_BYTES);
  #keptBytes = 0;
  /** Whether the bytes of the string at hand are kept. */
  #keeping = false;
  #tooLong = false;
  /** Whether the string at hand is a name. */
  #isName = false;
  /** Hexadecimal digits that the escape at hand still needs. */
  #digitsLeft = 0;

  constructor(paths: FollowedPaths) {
    this.#paths = paths;
    this.#seen = new Uint8Array(paths.size);
    this.#texts = new Array<string | undefined>(paths.size).fill(undefined);
    this.reset();
  }

  /** Begins another text. */
  reset(): void {
    this.#place = 'value';
    this.#depth = 0;
    this.#way.length = 0;
    this.#target = this.#paths.root;
    this.#seen.fill(0);
    this.#texts.fill(undefined);
  }

  /** Whether the bytes so far are one whole JSON text in which no followed member stands twice. */
  get complete(): boolean {
    return this.#place === 'after_value' && this.#depth === 0;
  }

  /** The text of the member at a followed path; undefined where it has none, or where the whole is not complete. */
  textOf(path: string): string | undefined {
    const member = this.#paths.at(path);
    return member === undefined || !this.complete ? undefined : this.#texts[member.index];
  }

  /** Takes the bytes from `start` to `end`. Never throws: what is no JSON is never complete. */
  write(bytes: Uint8Array, start = 0, end = bytes.length): void {
    let at = start;
    while (at < end && this.#place !== 'fault') {
      switch (this.#place) {
        case 'string':
          at = this.#string(bytes, at, end);
          break;
        case 'scalar':
          at = this.#scalar(bytes, at, end);
          break;
        case 'escape':
          this.#escape(bytes[at++]!);
          break;
        case 'hexadecimal':
          this.#hexadecimal(bytes[at++]!);
          break;
        default:
          this.#structure(bytes[at++]!);
      }
    }
  }

  #structure(byte: number): void {
    if (byte === SPACE || byte === LINE_FEED || byte === TAB || byte === CARRIAGE_RETURN) return;
    switch (this.#place) {
      case 'first_element':
        if (byte === CLOSE_BRACKET) this.#close(byte);
        else this.#value(byte);
        break;
      case 'value':
        this.#value(byte);
        break;
      case 'first_name':
        if (byte === CLOSE_BRACE) this.#close(byte);
        else this.#name(byte);
        break;
      case 'name':
        this.#name(byte);
        break;
      case 'colon':
        this.#place = byte === COLON ? 'value' : 'fault';
        break;
      default:
        this.#afterValue(byte);
    }
  }

  #value(byte: number): void {
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#open(byte === OPEN_BRACE);
    else if (byte === QUOTE) this.#openString(false, this.#target?.followed === true);
    else {
      this.#openString(false, true);
      this.#place = 'scalar';
      this.#keep(byte);
    }
  }

  #open(isObject: boolean): void {
    if (this.#depth === MAX_DEPTH) {
      this.#place = 'fault';
      return;
    }
    if (isObject && this.#target !== undefined) this.#way.push(this.#target);
    this.#isObject[this.#depth++] = isObject ? 1 : 0;
    this.#target = undefined;
    this.#place = isObject ? 'first_name' : 'first_element';
  }

  #close(byte: number): void {
    const isObject = this.#isObject[this.#depth - 1] === 1;
    if (byte !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
      this.#place = 'fault';
      return;
    }
    if (this.#onWay) this.#way.pop();
    this.#depth--;
    this.#place = 'after_value';
  }

  /** Whether the innermost container is an object on a followed path. */
  get #onWay(): boolean {
    return this.#depth > 0 && this.#way.length === this.#depth;
  }

  #name(byte: number): void {
    if (byte === QUOTE) this.#openString(true, this.#onWay);
    else this.#place = 'fault';
  }

  #afterValue(byte: number): void {
    if (this.#depth === 0) this.#place = 'fault';
    else if (byte === COMMA) this.#place = this.#isObject[this.#depth - 1] === 1 ? 'name' : 'value';
    else this.#close(byte);
  }

  #openString(isName: boolean, keeping: boolean): void {
    this.#isName = isName;
    this.#keeping = keeping;
    this.#keptBytes = 0;
    this.#tooLong = false;
    this.#place = 'string';
  }

  #keep(byte: number): void {
    if (!this.#keeping) return;
    if (this.#keptBytes < MAX_KEPT_BYTES) this.#kept[this.#keptBytes++] = byte;
    else this.#tooLong = true;
  }

  /** Passes over plain characters of a string. @returns where it stopped */
  #string(bytes: Uint8Array, start: number, end: number): number {
    const keeping = this.#keeping;
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE || byte === BACKSLASH || byte < SPACE) break;
      if (keeping) this.#keep(byte);
    }
    if (at === end) return end;
    const byte = bytes[at]!;
    if (byte === QUOTE) this.#closeString();
    else if (byte === BACKSLASH) {
      this.#keep(byte);
      this.#place = 'escape';
    } else this.#place = 'fault';
    return at + 1;
  }

  #escape(byte: number): void {
    this.#keep(byte);
    if (byte === SMALL_U) {
      this.#digitsLeft = 4;
      this.#place = 'hexadecimal';
    } else this.#place = SHORT_ESCAPE[byte] === 0 ? 'fault' : 'string';
  }

  #hexadecimal(byte: number): void {
    this.#keep(byte);
    if (hexValue(byte) < 0) this.#place = 'fault';
    else if (--this.#digitsLeft === 0) this.#place = 'string';
  }

  #closeString(): void {
    const text =
      this.#keeping && !this.#tooLong ? decodeString(this.#kept, 0, this.#keptBytes).text : undefined;
    if (this.#isName) this.#named(text);
    else {
      if (this.#target !== undefined) this.#texts[this.#target.index] = text;
      this.#target = undefined;
      this.#place = 'after_value';
    }
  }

  #named(name: string | undefined): void {
    this.#place = 'colon';
    this.#target = name === undefined ? undefined : this.#way.at(-1)?.members.get(name);
    if (this.#target === undefined) return;
    // Two readers may take one or the other of two members: such a text says nothing.
    if (this.#seen[this.#target.index] === 1) this.#place = 'fault';
    this.#seen[this.#target.index] = 1;
  }

  /** Takes a number or a word, up to what ends it. @returns where it stopped */
  #scalar(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      if (isDelimiter(byte)) {
        const legal = !this.#tooLong && SCALAR.test(this.#kept.toString('latin1', 0, this.#keptBytes));
        this.#target = undefined;
        this.#place = legal ? 'after_value' : 'fault';
        return at;
      }
      this.#keep(byte);
    }
    return end;
  }
}

function isDelimiter(byte: number): boolean {
  return byte <= SPACE || byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET;
}

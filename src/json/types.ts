/**
 * What the reader finds and what the editor changes. All offsets are byte offsets into the text that was
 * read, end exclusive.
 */

/** One kind of JSON value. */
export type JsonKind = 'string' | 'number' | 'true' | 'false' | 'null' | 'object' | 'array';

/** The faults that make a text unreadable. `ambiguous_member`: a governed member twice, or in another case. */
export type JsonFaultCode = 'malformed_json' | 'ambiguous_member' | 'json_too_deep' | 'json_too_many_members';

export interface JsonFault {
  readonly code: JsonFaultCode;
  /** Byte offset at which the fault was noticed. */
  readonly offset: number;
  /** What is wrong, in words, without any content of the text. */
  readonly reason: string;
}

/** A governed member that stands in the text. */
export interface FoundMember {
  /** The path as it was asked for, for example `service_tier` or `fallbacks[].speed`. */
  readonly path: string;
  /** The same path with the array indices of this occurrence, for example `fallbacks[1].speed`. */
  readonly location: string;
  /** Array indices of this occurrence, outermost first; empty where the path has no `[]`. */
  readonly indices: readonly number[];
  readonly kind: JsonKind;
  /** The decoded text of a string value; undefined for every other kind. */
  readonly text: string | undefined;
  /** True for a string with an escape that names half a surrogate pair: legal JSON, yet no Unicode text. */
  readonly loneSurrogate: boolean;
  /** Offset of the opening quote of the name. */
  readonly keyStart: number;
  /** Offset after the closing quote of the name. */
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Offset after the value of the member before it in the same object; undefined for the first member. */
  readonly previousValueEnd: number | undefined;
}

/** An object on the way to governed members: the top level (`''`) or, say, each element of `fallbacks[]`. */
export interface FoundContainer {
  /** `''` for the top level, else for example `fallbacks[]`, `session`. */
  readonly path: string;
  /** With indices, for example `fallbacks[1]`. */
  readonly location: string;
  readonly indices: readonly number[];
  /** Offset of `{`. */
  readonly start: number;
  /** Offset after `}`. */
  readonly end: number;
  /** Offset after the last member's value, or after `{` where there is no member: an insertion goes here. */
  readonly lastValueEnd: number;
  readonly memberCount: number;
}

export interface JsonReading {
  readonly members: readonly FoundMember[];
  readonly containers: readonly FoundContainer[];
}

export interface JsonLimits {
  /** Deepest nesting of objects and arrays that is read. Default 512. */
  readonly depth: number;
  /** Most members of all objects together. Default 1,000,000. */
  readonly members: number;
}

export type JsonEdit =
  | { readonly kind: 'cut'; readonly member: FoundMember }
  /** Puts `value` as a JSON string where the member's value stands. */
  | { readonly kind: 'replace'; readonly member: FoundMember; readonly value: string }
  /** Appends `"key":"value"` as the last member of the container. */
  | {
      readonly kind: 'insert';
      readonly container: FoundContainer;
      readonly key: string;
      readonly value: string;
    };

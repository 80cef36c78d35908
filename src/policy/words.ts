import type { AskedTier, Tier } from './types.ts';

/**
 * Longest wire word, in UTF-16 units after trimming, that is looked up; a longer one is unknown. It keeps a
 * text of megabytes from being folded and hashed.
 */
export const MAX_WORD_LENGTH = 64;

/** A word that no known tier has. */
export const ASKED_UNKNOWN: AskedTier = Object.freeze({ kind: 'unknown' });
/** A value that is neither text nor `null`. */
export const ASKED_INVALID: AskedTier = Object.freeze({ kind: 'invalid' });
/** JSON `null`. */
export const ASKED_NULL: AskedTier = Object.freeze({ kind: 'null' });

const ASKED_TIER: Readonly<Record<Tier, AskedTier>> = Object.freeze({
  flex: Object.freeze({ kind: 'known', tier: 'flex' }),
  default: Object.freeze({ kind: 'known', tier: 'default' }),
  auto: Object.freeze({ kind: 'known', tier: 'auto' }),
  scale: Object.freeze({ kind: 'known', tier: 'scale' }),
  priority: Object.freeze({ kind: 'known', tier: 'priority' }),
  ultrafast: Object.freeze({ kind: 'known', tier: 'ultrafast' }),
});

/** The shared value for a known tier. */
export function askedTier(tier: Tier): AskedTier {
  return ASKED_TIER[tier];
}

/**
 * Unicode White_Space (PropList.txt), which differs from what `String.prototype.trim` takes off: U+0085 is in
 * it and U+FEFF is not.
 */
function isWhiteSpace(unit: number): boolean {
  return (
    unit === 0x20 ||
    (unit >= 0x09 && unit <= 0x0d) ||
    (unit >= 0x85 &&
      (unit === 0x85 ||
        unit === 0xa0 ||
        unit === 0x1680 ||
        (unit >= 0x2000 && unit <= 0x200a) ||
        unit === 0x2028 ||
        unit === 0x2029 ||
        unit === 0x202f ||
        unit === 0x205f ||
        unit === 0x3000))
  );
}

/** The text without white space at its ends (Unicode White_Space). */
export function trimText(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhiteSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isWhiteSpace(text.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Whether white space (Unicode White_Space) stands anywhere in the text. */
export function hasWhiteSpace(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (isWhiteSpace(text.charCodeAt(index))) return true;
  }
  return false;
}

/** Folds A–Z only: `toLowerCase` would also fold letters that no provider reads as ASCII, such as U+212A. */
function foldAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (run) => run.toLowerCase()) : text;
}

/** A word as tables hold it: white space at its ends removed, A–Z in lower case. */
export function normalizeWord(text: string): string {
  return foldAscii(trimText(text));
}

/**
 * Reads a wire word. `table` is the dialect's own, `extra` what a route adds (it outranks the table); the keys of
 * both are normalized words. A blank word is unknown.
 */
export function readTier(
  text: string,
  table: Readonly<Record<string, Tier>>,
  extra: Readonly<Record<string, Tier>>,
): AskedTier {
  const trimmed = trimText(text);
  if (trimmed.length > MAX_WORD_LENGTH) return ASKED_UNKNOWN;
  const word = foldAscii(trimmed);
  const tier = Object.hasOwn(extra, word)
    ? extra[word]
    : Object.hasOwn(table, word)
      ? table[word]
      : undefined;
  return tier === undefined ? ASKED_UNKNOWN : ASKED_TIER[tier];
}

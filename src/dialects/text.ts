/** V8 copies parts of a string up to this length, and lets longer ones refer to the whole string. */
const LONGEST_COPIED_PART = 12;

/** The text in memory of its own: a part of a string keeps all of it otherwise, and so a record all of a body. */
function withOwnMemory(text: string): string {
  return text.length <= LONGEST_COPIED_PART ? text : ` ${text}`.slice(1);
}

/**
 * The text, cut to at most `maxBytes` of UTF-8 at a character's edge. It may be kept: it keeps nothing else in memory.
 */
export function cutText(text: string, maxBytes: number): string {
  // A character has at least as many bytes as code units, and at most three bytes for each of these.
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return withOwnMemory(text);
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return withOwnMemory(text.slice(0, end));
}

/** The text, cut to at most `maxBytes` of UTF-8 at a character's edge. */
export function cutText(text: string, maxBytes: number): string {
  // A character has at least as many bytes as code units, and at most three bytes for each of these.
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/**
 * Pieces in the order in which they are sent, with neighbours of the same memory as one. Where they are together the
 * whole of `chunk`, the result is that very chunk, so that its direction knows that it goes on as it came.
 */
export function joinViews(pieces: readonly Uint8Array[], chunk: Uint8Array): readonly Uint8Array[] {
  const joined: Uint8Array[] = [];
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    const last = joined.at(-1);
    if (last !== undefined && follows(last, piece)) {
      joined[joined.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + piece.length);
    } else joined.push(piece);
  }
  const [only] = joined;
  return joined.length === 1 && only !== undefined && isSame(only, chunk) ? [chunk] : joined;
}

function follows(first: Uint8Array, second: Uint8Array): boolean {
  return first.buffer === second.buffer && first.byteOffset + first.length === second.byteOffset;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.buffer === other.buffer && one.byteOffset === other.byteOffset && one.length === other.length;
}

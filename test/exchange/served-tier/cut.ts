/** Hands `bytes` on in pieces that end at `cuts` (ascending offsets). */
export function writeCut(bytes: Buffer, cuts: readonly number[], write: (piece: Buffer) => void): void {
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    write(bytes.subarray(start, cut));
    start = cut;
  }
}

/** Every way to cut a text of this many bytes once, and the one into single bytes. */
export function everyCut(length: number): readonly (readonly number[])[] {
  const offsets = Array.from({ length: length + 1 }, (_, offset) => offset);
  return [...offsets.map((offset) => [offset]), offsets];
}

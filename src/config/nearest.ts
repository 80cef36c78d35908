/**
 * Edits (insert, delete, replace, swap of neighbours) that lead from one word to the other: the optimal string
 * alignment distance.
 */
function distance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (
        row > 1 &&
        column > 1 &&
        left[row - 1] === right[column - 2] &&
        left[row - 2] === right[column - 1]
      ) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? 0;
}

/** Longer words are no typing mistakes of ours; comparing them would only cost time. */
const LONGEST = 64;

/** The name that `word` was probably meant to be, or undefined where none is near. Case and `-`/`_` do not count. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  if (word.length > LONGEST) return undefined;
  const fold = (text: string): string => text.toLowerCase().replaceAll('-', '_');
  let best: { readonly name: string; readonly edits: number } | undefined;
  for (const name of names) {
    const edits = distance(fold(word), fold(name));
    if (edits < (best?.edits ?? Number.POSITIVE_INFINITY)) best = { name, edits };
  }
  const allowed = Math.max(1, Math.floor(word.length / 3));
  return best !== undefined && best.edits <= allowed ? best.name : undefined;
}

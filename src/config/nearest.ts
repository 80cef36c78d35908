import { editDistance } from '../policy/edit-distance.ts';

/** Longer words are no typing mistakes of ours; comparing them would only cost time. */
const LONGEST = 64;

/** The name that `word` was probably meant to be, or undefined where none is near. Case and `-`/`_` do not count. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  if (word.length > LONGEST) return undefined;
  const fold = (text: string): string => text.toLowerCase().replaceAll('-', '_');
  let best: { readonly name: string; readonly edits: number } | undefined;
  for (const name of names) {
    const edits = editDistance(fold(word), fold(name));
    if (edits < (best?.edits ?? Number.POSITIVE_INFINITY)) best = { name, edits };
  }
  const allowed = Math.max(1, Math.floor(word.length / 3));
  return best !== undefined && best.edits <= allowed ? best.name : undefined;
}

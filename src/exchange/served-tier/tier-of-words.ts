import type { ExtraWords } from '../../dialects/types.ts';
import { compareTiers } from '../../policy/tiers.ts';
import type { Tier } from '../../policy/types.ts';
import { normalizeWord, readTier } from '../../policy/words.ts';

/** A word that is recorded although no tier is known by it: a short plain name, so that no other text gets out. */
const PLAIN_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * The tier that the words of one answer name: the dearest of the known ones, else the first unknown one that is a plain
 * name; undefined where there is neither.
 */
export function tierOfWords(
  words: Iterable<string>,
  table: Readonly<Record<string, Tier>>,
  extra: ExtraWords,
): string | undefined {
  let dearest: Tier | undefined;
  let unknown: string | undefined;
  for (const word of words) {
    const read = readTier(word, table, extra);
    if (read.kind === 'known') {
      if (dearest === undefined || compareTiers(read.tier, dearest) > 0) dearest = read.tier;
    } else if (unknown === undefined) {
      const name = normalizeWord(word);
      if (PLAIN_NAME.test(name)) unknown = name;
    }
  }
  return dearest ?? unknown;
}

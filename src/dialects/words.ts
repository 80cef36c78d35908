import type { AskedTier, Tier } from '../policy/types.ts';
import { normalizeWord, readTier } from '../policy/words.ts';
import type { ExtraWords } from './types.ts';

/** The wire words of one carrier, in both directions; words trimmed and in lower case. */
export interface WordTable {
  /** Wire word or alias → tier. */
  readonly tiers: Readonly<Record<string, Tier>>;
  /** Tier → the wire word that is sent for it. */
  readonly wire: Readonly<Partial<Record<Tier, string>>>;
}

/**
 * `service_tier` of OpenAI's APIs. `fast` is the younger name of `priority`; the ChatGPT backend of Codex takes only
 * the older one, and the platform takes both, so the older one is sent.
 */
export const OPENAI_TIER_WORDS: WordTable = {
  tiers: {
    flex: 'flex',
    default: 'default',
    auto: 'auto',
    scale: 'scale',
    priority: 'priority',
    fast: 'priority',
    ultrafast: 'ultrafast',
  },
  wire: {
    flex: 'flex',
    default: 'default',
    auto: 'auto',
    scale: 'scale',
    priority: 'priority',
    ultrafast: 'ultrafast',
  },
};

/** `speed` of Anthropic's Messages API. */
export const ANTHROPIC_SPEED_WORDS: WordTable = {
  tiers: { standard: 'default', fast: 'priority' },
  wire: { default: 'standard', priority: 'fast' },
};

/** `service_tier` of Anthropic's Messages API: `auto` may draw on bought capacity, `standard_only` never does. */
export const ANTHROPIC_TIER_WORDS: WordTable = {
  tiers: { auto: 'auto', standard_only: 'default' },
  wire: { auto: 'auto', default: 'standard_only' },
};

/**
 * `usage.speed` and `usage.service_tier` of Anthropic's answers: there `priority` is bought capacity. The third word of
 * the latter, `batch`, is no tier of ours.
 */
export const ANTHROPIC_SERVED_WORDS: Readonly<Record<string, Tier>> = {
  standard: 'default',
  fast: 'priority',
  priority: 'priority',
};

/** Amazon Bedrock's header. `reserved` draws on bought capacity, as OpenAI's `scale` does. */
export const BEDROCK_HEADER_WORDS: WordTable = {
  tiers: { flex: 'flex', default: 'default', reserved: 'scale', priority: 'priority' },
  wire: { flex: 'flex', default: 'default', scale: 'reserved', priority: 'priority' },
};

/** Vertex AI's header; without it the standard tier is served. */
export const VERTEX_HEADER_WORDS: WordTable = {
  tiers: { flex: 'flex', priority: 'priority' },
  wire: { flex: 'flex', priority: 'priority' },
};

/** A carrier's own words and those that the route adds; a word of the route outranks the same word of the table. */
export interface Vocabulary {
  readonly table: WordTable;
  readonly extra: ExtraWords;
}

/** What a text asks, after trimming and ASCII folding. */
export function readWord(text: string, { table, extra }: Vocabulary): AskedTier {
  return readTier(text, table.tiers, extra);
}

/** How a text that is known to ask `tier` is spelled upstream: an alias becomes the wire word, a word of the route stays. */
export function spellWord(text: string, tier: Tier, words: Vocabulary): string {
  const word = normalizeWord(text);
  return Object.hasOwn(words.extra, word) ? word : (wordFor(tier, words) ?? word);
}

/** The word that is sent for `tier`: the table's, else the first of the route; undefined where there is none. */
export function wordFor(tier: Tier, { table, extra }: Vocabulary): string | undefined {
  const word = table.wire[tier];
  // The route may give the table's word another meaning.
  if (word !== undefined && (!Object.hasOwn(extra, word) || extra[word] === tier)) return word;
  return Object.keys(extra).find((candidate) => extra[candidate] === tier);
}

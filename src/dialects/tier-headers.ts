import type { AskedModel, Claim, ClaimOutcome, Tier, Verdict } from '../policy/types.ts';
import { replaceValues, valuesOf } from './headers.ts';
import { textClaim } from './members.ts';
import type {
  Dialect,
  DialectChanges,
  DialectInput,
  DialectReading,
  ExtraWords,
  FilterMode,
  HeaderEdits,
  HeaderLine,
} from './types.ts';
import { BEDROCK_HEADER_WORDS, spellWord, VERTEX_HEADER_WORDS, type WordTable, wordFor } from './words.ts';

/** Amazon Bedrock's InvokeModel API: the tier of one request. */
const BEDROCK_TIER = 'x-amzn-bedrock-service-tier';
/**
 * Vertex AI: pay-as-you-go as flex or priority. Its sibling `x-vertex-ai-llm-request-type` only says whether bought
 * throughput is used, and has no price of its own.
 */
const VERTEX_TIER = 'x-vertex-ai-llm-shared-request-type';

/** The words of a header that asks a tier; undefined for every other header. */
function tableOf(name: string): WordTable | undefined {
  if (name === BEDROCK_TIER) return BEDROCK_HEADER_WORDS;
  return name === VERTEX_TIER ? VERTEX_HEADER_WORDS : undefined;
}

/** One word of a tier header. */
interface Place {
  readonly name: string;
  readonly table: WordTable;
  readonly text: string;
}

/**
 * A dialect whose requests may also ask a tier in the header of a cloud. Whether the cloud of a route honours it for this
 * API is not for the client to try out, so it is a claim wherever it stands. Its claims stand behind those of the dialect.
 */
export function withTierHeaders(dialect: Dialect): Dialect {
  return {
    ...dialect,
    read(input) {
      const own = dialect.read(input);
      const places = locate(input.headers);
      if (places.length === 0) return own;
      return { ...own, claims: [...own.claims, ...places.map((place) => claimOf(place, own.model, input))] };
    },
    apply(input, reading, verdict, filter) {
      const places = locate(input.headers);
      if (places.length === 0) return dialect.apply(input, reading, verdict, filter);
      return applyBoth(dialect, places, input, reading, verdict, filter);
    },
  };
}

/** The words of all lines, which may be comma lists; what is empty asks nothing. */
function locate(headers: readonly HeaderLine[]): readonly Place[] {
  const places: Place[] = [];
  for (const { name, value } of headers) {
    const table = tableOf(name);
    if (table === undefined) continue;
    for (const text of value.split(',')) {
      if (text.trim() !== '') places.push({ name, table, text });
    }
  }
  return places;
}

function claimOf({ name, table, text }: Place, model: AskedModel, { words }: DialectInput): Claim {
  return textClaim(`header:${name}`, text, { table, extra: words }, model);
}

function applyBoth(
  dialect: Dialect,
  places: readonly Place[],
  input: DialectInput,
  reading: DialectReading,
  verdict: Verdict,
  filter: FilterMode,
): DialectChanges {
  const own = verdict.outcomes.length - places.length;
  const outcomes = verdict.outcomes.slice(own);
  const inner = dialect.apply(
    input,
    { ...reading, claims: reading.claims.slice(0, own) },
    { ...verdict, outcomes: verdict.outcomes.slice(0, own) },
    filter,
  );
  const changes = new Map<string, HeaderChange>();
  for (const { name, table } of places) {
    if (changes.has(name)) continue;
    const ofHeader = outcomes.filter((_, index) => places[index]?.name === name);
    changes.set(name, changeHeader(name, ofHeader, input, { table, extra: input.words }, filter));
  }
  const all = [...changes.values()];
  return {
    edits: inner.edits,
    headers: joinEdits([inner.headers, ...all.map(({ headers }) => headers)]),
    sent: [...inner.sent, ...places.map(({ name }, index) => sentOf(changes.get(name), outcomes[index]))],
    unsupported: [inner, ...all].find(({ unsupported }) => unsupported !== undefined)?.unsupported,
  };
}

/** What becomes of one header. */
interface HeaderChange {
  readonly headers: HeaderEdits;
  /** The tier of the whole header; undefined = none; `each` = every word as it was asked. */
  readonly sent: Tier | undefined | 'each';
  readonly unsupported: Tier | undefined;
}

/** The strictest outcome over the words of a header is that of the header: nobody knows which word would count. */
function changeHeader(
  name: string,
  outcomes: readonly ClaimOutcome[],
  { headers }: DialectInput,
  words: { readonly table: WordTable; readonly extra: ExtraWords },
  filter: FilterMode,
): HeaderChange {
  const lines = valuesOf(headers, name);
  const set = (tier: Tier, word: string): HeaderChange => ({
    headers: replaceValues(name, lines, [word]),
    sent: tier,
    unsupported: undefined,
  });
  const removed: HeaderChange = {
    headers: replaceValues(name, lines, []),
    sent: undefined,
    unsupported: undefined,
  };
  if (outcomes.some(({ action }) => action === 'filter')) {
    const word = filter === 'default' ? wordFor('default', words) : undefined;
    return word === undefined ? removed : set('default', word);
  }
  const tier = outcomes.find(({ action }) => action === 'force')?.forceTier;
  if (tier !== undefined) {
    const word = wordFor(tier, words);
    if (word !== undefined) return set(tier, word);
    // A cloud without a word for its standard tier serves that one where the header is absent.
    return tier === 'default' ? removed : { ...removed, unsupported: tier };
  }
  const [only] = outcomes;
  const [line] = lines;
  const asked = only?.claim.asked;
  if (outcomes.length === 1 && lines.length === 1 && line !== undefined && asked?.kind === 'known') {
    return set(asked.tier, spellWord(line, asked.tier, words));
  }
  return {
    headers: replaceValues(name, lines, lines),
    sent: 'each',
    unsupported: undefined,
  };
}

function sentOf(change: HeaderChange | undefined, outcome: ClaimOutcome | undefined): Tier | undefined {
  if (change?.sent !== 'each') return change?.sent;
  const asked = outcome?.claim.asked;
  return asked?.kind === 'known' ? asked.tier : undefined;
}

/** Edits of different headers as one. */
function joinEdits(edits: readonly HeaderEdits[]): HeaderEdits {
  return {
    remove: edits.flatMap(({ remove }) => remove),
    set: edits.flatMap(({ set }) => set),
    append: edits.flatMap(({ append }) => append),
  };
}

import type { FoundMember } from '../json/types.ts';
import type { AskedModel, Claim, ClaimOutcome, Tier, Verdict } from '../policy/types.ts';
import { replaceValues, valuesOf } from './headers.ts';
import {
  changeMember,
  memberAt,
  memberClaim,
  modelOf,
  type PlaceChange,
  setTier,
  textClaim,
  textFault,
  topLevel,
  UNCHANGED,
} from './members.ts';
import { editHint, type HintChange, ROUTING_HINT, readHint } from './routing-hint.ts';
import { withTierHeaders } from './tier-headers.ts';
import type {
  Dialect,
  DialectChanges,
  DialectInput,
  DialectReading,
  FilterMode,
  RefusalShape,
} from './types.ts';
import { deploymentOf } from './url-model.ts';
import { OPENAI_TIER_WORDS, spellWord, type Vocabulary, wordFor } from './words.ts';

const TOP_LEVEL = 'service_tier';
/** A message of the Realtime shape nests what a `response.create` sets. */
const NESTED = 'response.service_tier';

/** What Responses and Chat Completions have in common: the member `service_tier`, the headers, the error's shape. */
export function openAiDialect(own: Pick<Dialect, 'name' | 'members' | 'messageMembers' | 'served'>): Dialect {
  return withTierHeaders({ ...own, read, apply, refusalBody });
}

/** The places of one request that ask a tier, in the order of their claims: those of the body, then those of the hint. */
interface Places {
  readonly words: Vocabulary;
  readonly model: AskedModel;
  readonly members: readonly FoundMember[];
  readonly hintLines: readonly string[];
  readonly hintTiers: readonly string[];
  readonly hintModel: AskedModel;
}

function locate({ reading, headers, path, words, fallbackModel }: DialectInput): Places {
  const deployment = deploymentOf(path);
  const model: AskedModel =
    deployment === undefined
      ? modelOf(memberAt(reading, 'model'), fallbackModel)
      : { kind: 'known', word: deployment };
  const hintLines = valuesOf(headers, ROUTING_HINT);
  const hint = readHint(hintLines);
  return {
    words: { table: OPENAI_TIER_WORDS, extra: words },
    model,
    members: [memberAt(reading, TOP_LEVEL), memberAt(reading, NESTED)].filter((found) => found !== undefined),
    hintLines,
    hintTiers: hint.tiers,
    // The provider serves the model of the body; the hint's word counts only where nothing else names one.
    hintModel:
      model.kind === 'absent' && hint.model !== undefined ? { kind: 'known', word: hint.model } : model,
  };
}

function read(input: DialectInput): DialectReading {
  const { words, model, members, hintTiers, hintModel } = locate(input);
  const claims: Claim[] = [];
  for (const member of members) {
    const own = member.path === NESTED ? modelOf(memberAt(input.reading, 'response.model'), model) : model;
    claims.push(memberClaim(member, words, own));
  }
  for (const text of hintTiers) claims.push(textClaim(`header:${ROUTING_HINT}`, text, words, hintModel));
  return { claims, model, fault: textFault(input.reading) };
}

function apply(
  input: DialectInput,
  _reading: DialectReading,
  verdict: Verdict,
  filter: FilterMode,
): DialectChanges {
  const places = locate(input);
  const { words, members } = places;
  const bodyOutcomes = verdict.outcomes.slice(0, members.length);
  const hintOutcomes = verdict.outcomes.slice(members.length);
  const imposed = imposedTier(verdict, bodyOutcomes, hintOutcomes);
  const standard = filter === 'default' ? 'default' : undefined;
  const top = memberAt(input.reading, TOP_LEVEL);
  const imposedChange =
    imposed === undefined ? UNCHANGED : setTier(top, topLevel(input.reading), TOP_LEVEL, imposed, words);
  const bodyChanges = members.map((member, index) => {
    const outcome = bodyOutcomes[index];
    if (outcome === undefined) return UNCHANGED;
    return member === top && imposed !== undefined
      ? imposedChange
      : changeMember(member, outcome, words, standard);
  });
  const hint = changeHint(places, bodyOutcomes, hintOutcomes, imposed);

  const changes = [...bodyChanges, ...hint.changes];
  // The imposed change can be one of those of the body: it counts once.
  const edits = new Set([...bodyChanges, imposedChange].map(({ edit }) => edit));
  return {
    edits: [...edits].filter((edit) => edit !== undefined),
    headers: replaceValues(ROUTING_HINT, places.hintLines, hint.lines),
    sent: changes.map(({ sent }) => sent),
    unsupported: [imposedChange, ...changes].find(({ unsupported }) => unsupported !== undefined)
      ?.unsupported,
  };
}

/**
 * The tier that the top level gets although it asks none itself: by a rule for `missing`, or because the hint's tier
 * is forced and the body has none to go with it.
 */
function imposedTier(
  verdict: Verdict,
  bodyOutcomes: readonly ClaimOutcome[],
  hintOutcomes: readonly ClaimOutcome[],
): Tier | undefined {
  if (verdict.missing?.action === 'force') return verdict.missing.forceTier;
  if (bodyOutcomes.some((outcome) => outcome.claim.asked.kind !== 'null')) return undefined;
  return hintOutcomes.find((outcome) => outcome.action === 'force')?.forceTier;
}

/** What becomes of one tier of the hint. */
interface HintTierChange extends Pick<PlaceChange, 'sent' | 'unsupported'> {
  readonly change: HintChange;
}

const KEPT: HintTierChange = { change: { kind: 'keep' }, sent: undefined, unsupported: undefined };

/** The hint after its own outcomes and those of the body, so that the two never ask different things by our doing. */
function changeHint(
  { words, hintLines, hintTiers }: Places,
  bodyOutcomes: readonly ClaimOutcome[],
  hintOutcomes: readonly ClaimOutcome[],
  imposed: Tier | undefined,
): { readonly lines: readonly string[]; readonly changes: readonly HintTierChange[] } {
  const filtered = bodyOutcomes.some((outcome) => outcome.action === 'filter');
  const forced = imposed ?? bodyOutcomes.find((outcome) => outcome.action === 'force')?.forceTier;
  const changes = hintTiers.map((text, index): HintTierChange => {
    const outcome = hintOutcomes[index];
    if (filtered || outcome?.action === 'filter') return { ...KEPT, change: { kind: 'cut' } };
    const tier = forced ?? outcome?.forceTier;
    if (tier !== undefined) {
      const word = wordFor(tier, words);
      if (word === undefined) return { ...KEPT, unsupported: tier };
      return { change: { kind: 'set', word }, sent: tier, unsupported: undefined };
    }
    const asked = outcome?.claim.asked;
    if (asked?.kind !== 'known') return KEPT;
    const word = spellWord(text, asked.tier, words);
    return { change: { kind: 'set', word }, sent: asked.tier, unsupported: undefined };
  });
  const added = filtered || forced === undefined ? undefined : wordFor(forced, words);
  return { lines: editHint(hintLines, (index) => changes[index]?.change, added), changes };
}

/** OpenAI's error object: all four members are required by its schema. */
function refusalBody({ message, type, code }: RefusalShape): string {
  return JSON.stringify({ error: { message, type, param: TOP_LEVEL, code } });
}

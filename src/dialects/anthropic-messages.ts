import type { FoundMember } from '../json/types.ts';
import type { AskedModel, AskedTier, Claim, ClaimOutcome, Tier, Verdict } from '../policy/types.ts';
import {
  changeFallback,
  type Fallback,
  fallbackClaim,
  findFallbacks,
  type TopSpeed,
} from './anthropic-fallbacks.ts';
import { ANTHROPIC_BETA, fastModeToken, withFastMode, withoutFastMode } from './fast-mode-token.ts';
import { replaceValues, valuesOf } from './headers.ts';
import {
  changeMember,
  memberAt,
  memberClaim,
  modelOf,
  type PlaceChange,
  setTier,
  textFault,
  tierClaim,
  topLevel,
  UNCHANGED,
} from './members.ts';
import { withTierHeaders } from './tier-headers.ts';
import type {
  Dialect,
  DialectChanges,
  DialectInput,
  DialectReading,
  FilterMode,
  RefusalShape,
} from './types.ts';
import {
  ANTHROPIC_SERVED_WORDS,
  ANTHROPIC_SPEED_WORDS,
  ANTHROPIC_TIER_WORDS,
  type Vocabulary,
  wordFor,
} from './words.ts';

const SPEED = 'speed';
const SERVICE_TIER = 'service_tier';

/**
 * Anthropic's Messages API: `speed` asks for the dear fast mode, `service_tier` whether bought capacity may be used, and
 * each of `fallbacks` has a speed of its own or inherits that of the top level. The token of the fast mode in
 * `anthropic-beta` asks for it where the body states no speed.
 */
export const anthropicMessages: Dialect = withTierHeaders({
  name: 'anthropic-messages',
  members: ['model', SPEED, SERVICE_TIER, 'fallbacks[].model', 'fallbacks[].speed'],
  messageMembers: [],
  served: {
    words: ANTHROPIC_SERVED_WORDS,
    body: ['usage.speed', 'usage.service_tier'],
    events: {
      message_start: ['message.usage.speed', 'message.usage.service_tier'],
      message_delta: ['usage.speed', 'usage.service_tier'],
    },
  },
  read,
  apply,
  refusalBody,
});

/** The places of one request that ask a tier, with their claims. */
interface Places {
  readonly speedWords: Vocabulary;
  readonly tierWords: Vocabulary;
  readonly model: AskedModel;
  readonly speed: FoundMember | undefined;
  readonly speedClaim: Claim | undefined;
  readonly tier: FoundMember | undefined;
  readonly tierClaim: Claim | undefined;
  readonly fallbacks: readonly { readonly fallback: Fallback; readonly claim: Claim | undefined }[];
  readonly betaLines: readonly string[];
  readonly tokenClaim: Claim | undefined;
}

function locate({ reading, headers, words, fallbackModel }: DialectInput): Places {
  const speedWords: Vocabulary = { table: ANTHROPIC_SPEED_WORDS, extra: words };
  const tierWords: Vocabulary = { table: ANTHROPIC_TIER_WORDS, extra: words };
  const model = modelOf(memberAt(reading, 'model'), fallbackModel);
  const speed = memberAt(reading, SPEED);
  const speedClaim = speed && memberClaim(speed, speedWords, model);
  const tier = memberAt(reading, SERVICE_TIER);
  const top: TopSpeed = { tier: knownTier(speedClaim?.asked), word: speedClaim?.word };
  const betaLines = valuesOf(headers, ANTHROPIC_BETA);
  const token = fastModeToken(betaLines);
  return {
    speedWords,
    tierWords,
    model,
    speed,
    speedClaim,
    tier,
    tierClaim: tier && memberClaim(tier, tierWords, model),
    fallbacks: findFallbacks(reading).map((fallback) => ({
      fallback,
      claim: fallbackClaim(fallback, top, speedWords),
    })),
    betaLines,
    tokenClaim:
      token === undefined || top.tier !== undefined
        ? undefined
        : tierClaim(`header:${ANTHROPIC_BETA}`, token, 'priority', model),
  };
}

function read(input: DialectInput): DialectReading {
  const places = locate(input);
  const claims = [
    places.speedClaim,
    places.tierClaim,
    ...places.fallbacks.map(({ claim }) => claim),
    places.tokenClaim,
  ].filter((claim) => claim !== undefined);
  return { claims, model: places.model, fault: textFault(input.reading) };
}

/** The outcomes of a verdict, by place. */
interface Outcomes {
  readonly speed: ClaimOutcome | undefined;
  readonly tier: ClaimOutcome | undefined;
  readonly fallbacks: readonly (ClaimOutcome | undefined)[];
  readonly token: ClaimOutcome | undefined;
}

/** Deals the outcomes out in the order in which `read` lists the claims. */
function outcomesOf(places: Places, verdict: Verdict): Outcomes {
  let next = 0;
  const outcomeOf = (claim: Claim | undefined) =>
    claim === undefined ? undefined : verdict.outcomes[next++];
  const speed = outcomeOf(places.speedClaim);
  const tier = outcomeOf(places.tierClaim);
  const fallbacks = places.fallbacks.map(({ claim }) => outcomeOf(claim));
  return { speed, tier, fallbacks, token: outcomeOf(places.tokenClaim) };
}

function apply(
  { reading, ...input }: DialectInput,
  _reading: DialectReading,
  verdict: Verdict,
  filter: FilterMode,
): DialectChanges {
  const places = locate({ reading, ...input });
  const { speedWords, tierWords, betaLines } = places;
  const outcomes = outcomesOf(places, verdict);
  const container = topLevel(reading);
  const imposed = imposedTiers(places, verdict, outcomes);

  const speed =
    imposed.speed === undefined
      ? changePlace(places.speed, outcomes.speed, filter === 'default' ? 'default' : undefined, speedWords)
      : setTier(places.speed, container, SPEED, imposed.speed, speedWords);
  const tier =
    imposed.tier === undefined
      ? // Absent, it would mean `auto`: only the word itself keeps bought capacity out.
        changePlace(places.tier, outcomes.tier, 'default', tierWords)
      : setTier(places.tier, container, SERVICE_TIER, imposed.tier, tierWords);
  const fallbacks = places.fallbacks.map(({ fallback }, index) =>
    changeFallback(fallback, outcomes.fallbacks[index], speed.sent, speedWords, filter),
  );
  const tokenGoes = [outcomes.speed, outcomes.token].some(takesFastModeAway);
  const forcedSpeed = imposed.speed ?? forced(outcomes.speed);
  const imposesFast =
    (forcedSpeed === 'priority' && speed.sent === 'priority') ||
    outcomes.fallbacks.some((outcome) => forced(outcome) === 'priority');

  const sent: (Tier | undefined)[] = [];
  if (places.speedClaim) sent.push(speed.sent);
  if (places.tierClaim) sent.push(tier.sent);
  places.fallbacks.forEach(({ claim }, index) => {
    if (claim) sent.push(fallbacks[index]?.sent);
  });
  if (places.tokenClaim) sent.push(tokenGoes ? forced(outcomes.token) : 'priority');

  const changes = [speed, tier, ...fallbacks];
  return {
    edits: changes.map(({ edit }) => edit).filter((edit) => edit !== undefined),
    headers: replaceValues(ANTHROPIC_BETA, betaLines, changeBeta(betaLines, tokenGoes, imposesFast)),
    sent,
    unsupported: changes.find(({ unsupported }) => unsupported !== undefined)?.unsupported,
  };
}

/**
 * The tiers that the top level gets although it asks none itself: by a rule for `missing`, or because the token of the
 * fast mode, which cannot say another tier, is forced.
 */
function imposedTiers(
  { speedWords, tierWords }: Places,
  verdict: Verdict,
  outcomes: Outcomes,
): { readonly speed?: Tier | undefined; readonly tier?: Tier | undefined } {
  if (verdict.missing?.action === 'force') {
    const tier = verdict.missing.forceTier;
    const onSpeed =
      tier === undefined || wordFor(tier, speedWords) !== undefined || wordFor(tier, tierWords) === undefined;
    return onSpeed ? { speed: tier } : { tier };
  }
  // A speed that is filtered or forced itself is past asking.
  const open = outcomes.speed === undefined || outcomes.speed.action === 'pass';
  return { speed: open ? forced(outcomes.token) : undefined };
}

function changePlace(
  member: FoundMember | undefined,
  outcome: ClaimOutcome | undefined,
  standard: Tier | undefined,
  words: Vocabulary,
): PlaceChange {
  return member && outcome ? changeMember(member, outcome, words, standard) : UNCHANGED;
}

/** The lines of `anthropic-beta`: a speed that we set needs the token that its client would have sent. */
function changeBeta(lines: readonly string[], tokenGoes: boolean, imposesFast: boolean): readonly string[] {
  if (tokenGoes) return withoutFastMode(lines);
  return imposesFast && fastModeToken(lines) === undefined ? withFastMode(lines) : lines;
}

/** Whether an outcome leaves nothing that the token of the fast mode could ask for. */
function takesFastModeAway(outcome: ClaimOutcome | undefined): boolean {
  const tier = forced(outcome);
  return outcome?.action === 'filter' || (tier !== undefined && tier !== 'priority');
}

function forced(outcome: ClaimOutcome | undefined): Tier | undefined {
  return outcome?.action === 'force' ? outcome.forceTier : undefined;
}

function knownTier(asked: AskedTier | undefined): Tier | undefined {
  return asked?.kind === 'known' ? asked.tier : undefined;
}

/** Anthropic's error object. Its words for a body that is too large and for a fault of the server are its own. */
function refusalBody({ status, type, code, message }: RefusalShape): string {
  return JSON.stringify({ type: 'error', error: { type: anthropicType(status, type, code), message } });
}

function anthropicType(status: number, type: string, code: string): string {
  if (code === 'overloaded') return 'overloaded_error';
  if (status === 413) return 'request_too_large';
  return status >= 500 ? 'api_error' : type;
}

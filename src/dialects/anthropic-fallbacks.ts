import type { FoundContainer, FoundMember, JsonReading } from '../json/types.ts';
import type { AskedModel, AskedTier, Claim, ClaimOutcome, Tier } from '../policy/types.ts';
import { changeMember, memberClaim, modelOf, type PlaceChange, setTier, UNCHANGED } from './members.ts';
import type { FilterMode } from './types.ts';
import type { Vocabulary } from './words.ts';

/**
 * One element of `fallbacks` in a body of Anthropic's Messages API: the model that answers when the first one cannot.
 * An element without a speed of its own inherits that of the top level.
 */
export interface Fallback {
  readonly container: FoundContainer;
  readonly model: AskedModel;
  readonly speed: FoundMember | undefined;
}

/** The top-level speed as the fallbacks see it. */
export interface TopSpeed {
  /** The tier that it asks; undefined where it asks none that is known. */
  readonly tier: Tier | undefined;
  readonly word: string | undefined;
}

/** All elements of `fallbacks` that are objects. One pass: a body can hold very many. */
export function findFallbacks(reading: JsonReading | undefined): readonly Fallback[] {
  if (reading === undefined) return [];
  const models = new Map<number | undefined, FoundMember>();
  const speeds = new Map<number | undefined, FoundMember>();
  for (const member of reading.members) {
    if (member.path === 'fallbacks[].model') models.set(member.indices[0], member);
    if (member.path === 'fallbacks[].speed') speeds.set(member.indices[0], member);
  }
  return reading.containers
    .filter((container) => container.path === 'fallbacks[]')
    .map((container) => ({
      container,
      model: modelOf(models.get(container.indices[0]), { kind: 'absent' }),
      speed: speeds.get(container.indices[0]),
    }));
}

/** What a fallback asks: by its own speed, or by the one it inherits; undefined where it asks nothing. */
export function fallbackClaim(fallback: Fallback, top: TopSpeed, words: Vocabulary): Claim | undefined {
  const { container, model, speed } = fallback;
  if (inherits(fallback) && isFast(top.tier)) {
    const asked: AskedTier = { kind: 'known', tier: top.tier };
    return { carrier: `body:${container.location}.speed (inherited)`, word: top.word, asked, model };
  }
  return speed && memberClaim(speed, words, model);
}

/**
 * The change of one fallback. One that inherits gets a speed of its own where the top level's, as it goes upstream, is
 * not what its own outcome allows: so a fallback is never faster than it was judged, whatever became of the top.
 *
 * @param outcome the outcome of its claim; undefined where it has none
 * @param topSent the tier of the top-level speed as it goes upstream
 */
export function changeFallback(
  fallback: Fallback,
  outcome: ClaimOutcome | undefined,
  topSent: Tier | undefined,
  words: Vocabulary,
  filter: FilterMode,
): PlaceChange {
  const { container, speed } = fallback;
  if (speed !== undefined && outcome !== undefined && !inherits(fallback)) {
    // Without a speed of its own it would inherit a fast one.
    const standard = filter === 'default' || isFast(topSent) ? 'default' : undefined;
    return changeMember(speed, outcome, words, standard);
  }
  const inherited = isFast(topSent) ? topSent : 'default';
  const allowed = allowedTier(outcome);
  if (inherited === allowed || (inherited === 'default' && outcome?.action !== 'force')) {
    return { ...UNCHANGED, sent: topSent };
  }
  return setTier(speed, container, 'speed', allowed, words);
}

/** The tier that a fallback without a speed of its own may have. */
function allowedTier(outcome: ClaimOutcome | undefined): Tier {
  if (outcome?.action === 'force') return outcome.forceTier ?? 'default';
  const asked = outcome?.claim.asked;
  return outcome?.action === 'pass' && asked?.kind === 'known' ? asked.tier : 'default';
}

/** `null` is no speed of its own either. */
function inherits({ speed }: Fallback): boolean {
  return speed === undefined || speed.kind === 'null';
}

function isFast(tier: Tier | undefined): tier is Tier {
  return tier !== undefined && tier !== 'default';
}

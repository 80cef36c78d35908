import type { FoundContainer, FoundMember, JsonEdit, JsonReading } from '../json/types.ts';
import type { AskedModel, Claim, ClaimOutcome, Tier } from '../policy/types.ts';
import { ASKED_INVALID, ASKED_NULL, askedTier, trimText } from '../policy/words.ts';
import { cutText } from './text.ts';
import type { DialectReading } from './types.ts';
import { readWord, spellWord, type Vocabulary, wordFor } from './words.ts';

/** Most bytes of a wire word that a claim records. */
const RECORDED_WORD_BYTES = 64;

/** The member at `path`, a path without `[]`. */
export function memberAt(reading: JsonReading | undefined, path: string): FoundMember | undefined {
  return reading?.members.find((member) => member.path === path);
}

/** The object that is the text itself; undefined where there is no body. */
export function topLevel(reading: JsonReading | undefined): FoundContainer | undefined {
  return reading?.containers.find((container) => container.path === '');
}

/** The trimmed text of a member that is a string with something in it, else undefined. */
export function textOf(member: FoundMember | undefined): string | undefined {
  if (member?.text === undefined) return undefined;
  return trimText(member.text) || undefined;
}

/** The model that a `model` member names, else `otherwise`. */
export function modelOf(member: FoundMember | undefined, otherwise: AskedModel): AskedModel {
  const word = textOf(member);
  return word === undefined ? otherwise : { kind: 'known', word };
}

/** The claim of a text, read with the words of its carrier. */
export function textClaim(carrier: string, text: string, words: Vocabulary, model: AskedModel): Claim {
  return { carrier, word: cutText(text, RECORDED_WORD_BYTES), asked: readWord(text, words), model };
}

/** The claim of a text that asks `tier` by standing there, whatever the rest of it is. */
export function tierClaim(carrier: string, text: string, tier: Tier, model: AskedModel): Claim {
  return { carrier, word: cutText(text, RECORDED_WORD_BYTES), asked: askedTier(tier), model };
}

/** The claim of a member of the body; its carrier is `body:` and the member's location. */
export function memberClaim(member: FoundMember, words: Vocabulary, model: AskedModel): Claim {
  const carrier = `body:${member.location}`;
  if (member.text !== undefined) return textClaim(carrier, member.text, words, model);
  return { carrier, word: undefined, asked: member.kind === 'null' ? ASKED_NULL : ASKED_INVALID, model };
}

/** A governed text with half a surrogate pair is no Unicode text: two parsers may read it in two ways. */
export function textFault(reading: JsonReading | undefined): DialectReading['fault'] {
  const member = reading?.members.find((found) => found.loneSurrogate);
  if (member === undefined) return undefined;
  return { code: 'malformed_json', reason: `${member.location} holds half a surrogate pair` };
}

/** What becomes of one place that can hold a tier. */
export interface PlaceChange {
  readonly edit: JsonEdit | undefined;
  /** The tier that goes upstream from there. */
  readonly sent: Tier | undefined;
  /** The forced tier, where the place has no word for it. */
  readonly unsupported: Tier | undefined;
}

/** A place that stays as it is and asks nothing. */
export const UNCHANGED: PlaceChange = { edit: undefined, sent: undefined, unsupported: undefined };

/**
 * The change of a member that is a claim, by the outcome of that claim.
 *
 * @param standard the tier that `filter` sets; undefined = `filter` cuts the member
 */
export function changeMember(
  member: FoundMember,
  outcome: ClaimOutcome,
  words: Vocabulary,
  standard: Tier | undefined,
): PlaceChange {
  if (outcome.action === 'force' && outcome.forceTier !== undefined) {
    return setMember(member, outcome.forceTier, words);
  }
  if (outcome.action === 'filter') {
    if (standard !== undefined) return setMember(member, standard, words);
    return { ...UNCHANGED, edit: { kind: 'cut', member } };
  }
  const { asked } = outcome.claim;
  if (asked.kind !== 'known' || member.text === undefined) return UNCHANGED;
  const edit = replaceText(member, spellWord(member.text, asked.tier, words));
  return { edit, sent: asked.tier, unsupported: undefined };
}

/** Sets a member, whatever it holds, to the word of `tier`. */
function setMember(member: FoundMember, tier: Tier, words: Vocabulary): PlaceChange {
  const word = wordFor(tier, words);
  if (word === undefined) return { ...UNCHANGED, unsupported: tier };
  return { edit: replaceText(member, word), sent: tier, unsupported: undefined };
}

/** Sets the member `key` of an object to the word of `tier`: in place of `member`, or as the object's last member. */
export function setTier(
  member: FoundMember | undefined,
  container: FoundContainer | undefined,
  key: string,
  tier: Tier,
  words: Vocabulary,
): PlaceChange {
  if (member !== undefined) return setMember(member, tier, words);
  const word = wordFor(tier, words);
  if (word === undefined) return { ...UNCHANGED, unsupported: tier };
  if (container === undefined) return UNCHANGED;
  return { edit: { kind: 'insert', container, key, value: word }, sent: tier, unsupported: undefined };
}

/** The edit that makes `value` the text of `member`; none where it is already. */
function replaceText(member: FoundMember, value: string): JsonEdit | undefined {
  return member.text === value ? undefined : { kind: 'replace', member, value };
}

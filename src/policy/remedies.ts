import { editDistance } from './edit-distance.ts';
import {
  ACTION_WORDS,
  BUILT_IN_SCOPES,
  MAX_MESSAGE_LENGTH,
  MAX_NAME_LENGTH,
  MAX_PATTERN_LENGTH,
  MAX_PATTERNS,
  MAX_RULES,
  MAX_SCOPES,
  MAX_USER_LENGTH,
  MAX_USERS,
  RULE_FIELDS,
  SUBJECT_WORDS,
} from './schema.ts';
import { TIERS } from './tiers.ts';

const MESSAGE = `Give a text of at most ${MAX_MESSAGE_LENGTH} characters, or leave it out for the built message.`;

const REMEDIES: Readonly<Record<string, string>> = {
  document:
    'Give an object; a policy looks like {"rules": [{"service_tier": "priority", "action": "filter", "scope": "all"}]}.',
  rules: `Give a list of at most ${MAX_RULES} rules; an empty list lets everything pass.`,
  name: `Give a text of at most ${MAX_NAME_LENGTH} characters without control characters that no other rule has, or leave it out.`,
  enabled: 'Use true or false, or leave it out for true.',
  mode: 'Use enforce or report, or leave it out for enforce.',
  service_tier: `Use one of ${[...TIERS, ...SUBJECT_WORDS].join(', ')}, or leave it out for all.`,
  action: `Use one of ${ACTION_WORDS.join(', ')} (in lower case).`,
  force_tier: `Use one of ${TIERS.join(', ')}; it is required where action or fallback_action is force.`,
  model_whitelist: `Give a list of at most ${MAX_PATTERNS} model names or prefixes with a trailing *, each of 1 to ${MAX_PATTERN_LENGTH} characters, or leave it out for every model.`,
  fallback_action: `Use one of ${ACTION_WORDS.join(', ')} (in lower case), or leave it out for pass.`,
  fallback_error_message: MESSAGE,
  error_message: MESSAGE,
  user_ids: `Give a list of at most ${MAX_USERS} users, each once, as whole numbers above 0 or texts of 1 to ${MAX_USER_LENGTH} characters (numbers above ${Number.MAX_SAFE_INTEGER} as text), or leave it out for everyone.`,
};

/** Most changes between a word and the one that was most likely meant. */
const MAX_TYPO = 2;

/** What to write in a member; `document` for an object that is none. */
export function fieldRemedy(field: string, scopes: readonly string[]): string {
  if (field === 'scope') {
    const words = [...new Set([...BUILT_IN_SCOPES, ...scopes])].join(', ');
    return `Use one of ${words}, or a list of 1 to ${MAX_SCOPES} of them; other scopes must be named in the configuration first.`;
  }
  return REMEDIES[field] ?? 'Remove it.';
}

/** What to do about a member that is not known, with the member that was most likely meant. */
export function unknownFieldRemedy(key: string, topLevel: boolean): string {
  const known = topLevel ? ['rules'] : RULE_FIELDS;
  const [nearest] = known
    // A key that is much longer cannot be near, and comparing it would only cost time.
    .filter((field) => Math.abs(field.length - key.length) <= MAX_TYPO)
    .map((field) => ({ field, distance: editDistance(key.toLowerCase(), field) }))
    .filter(({ distance }) => distance <= MAX_TYPO)
    .sort((left, right) => left.distance - right.distance);
  if (nearest !== undefined) return `Did you mean ${nearest.field}?`;
  return `Remove it; known here: ${known.join(', ')}.`;
}

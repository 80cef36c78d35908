import { normalizeWord, trimText } from './words.ts';

/** Members that say nothing when their text is blank. */
const BLANK_TEXTS = [
  'name',
  'mode',
  'force_tier',
  'fallback_action',
  'error_message',
  'fallback_error_message',
];
/** Members that say nothing when their list is empty. */
const BLANK_LISTS = ['model_whitelist', 'user_ids'];

/** Whether the value is an object with members, as JSON means it. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function trimmed(value: unknown): unknown {
  return typeof value === 'string' ? trimText(value) : value;
}

/** `fast` is what clients call priority, so a rule may say it too. */
function tierWord(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const word = normalizeWord(value);
  return word === 'fast' ? 'priority' : word;
}

/**
 * The stored form of a rule: tiers canonical, names, patterns and user ids trimmed, blank members left out, messages
 * as they are. What is wrong stays as it is, at its place, for validation to name.
 */
function normalizeRule(rule: unknown): unknown {
  if (!isRecord(rule)) return rule;
  const result: Record<string, unknown> = { ...rule };
  for (const [key, value] of Object.entries(result)) {
    if (value === undefined) delete result[key];
  }
  const subject = tierWord(result['service_tier']);
  result['service_tier'] = subject === undefined || subject === '' ? 'all' : subject;
  if ('force_tier' in result) result['force_tier'] = tierWord(result['force_tier']);
  if ('name' in result) result['name'] = trimmed(result['name']);
  for (const list of BLANK_LISTS) {
    const items = result[list];
    if (Array.isArray(items)) result[list] = items.map(trimmed);
  }
  for (const key of BLANK_TEXTS) if (result[key] === '') delete result[key];
  for (const key of BLANK_LISTS) {
    const items = result[key];
    if (Array.isArray(items) && items.length === 0) delete result[key];
  }
  return result;
}

/** Normalizes every rule of a document; a value without a list of rules comes back as it is. */
export function normalizeDocument(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const rules = value['rules'];
  return Array.isArray(rules) ? { ...value, rules: rules.map(normalizeRule) } : value;
}

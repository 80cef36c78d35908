import { trimText } from './words.ts';

/** What the ChatGPT backend serves where a request names no model. */
const CODEX_DEFAULT_MODEL = 'gpt-5.4';

/** Names of image models go on as they are. */
const IMAGE_MODEL_PREFIXES = ['gpt-image', 'chatgpt-image', 'dall-e'];

/** Model names as Codex clients write them → the name that the ChatGPT backend serves. */
const CODEX_MODELS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'gpt-5': 'gpt-5.4',
    'gpt-5-mini': 'gpt-5.4',
    'gpt-5-nano': 'gpt-5.4',
    'gpt-5-codex': 'gpt-5.3-codex',
    'gpt-5.1': 'gpt-5.4',
    'gpt-5.2': 'gpt-5.2',
    'gpt-5.2-codex': 'gpt-5.2',
    'gpt-5.3': 'gpt-5.3-codex',
    'gpt-5.3-codex': 'gpt-5.3-codex',
    'gpt-5.3-codex-spark': 'gpt-5.3-codex-spark',
    'gpt-5.4': 'gpt-5.4',
    'gpt-5.4-chat-latest': 'gpt-5.4',
    'gpt-5.4-mini': 'gpt-5.4-mini',
    'gpt-5.5': 'gpt-5.5',
    'gpt-5.5-pro': 'gpt-5.5-pro',
    'gpt-5.6-sol': 'gpt-5.6-sol',
    'gpt-5.6-terra': 'gpt-5.6-terra',
    'gpt-5.6-luna': 'gpt-5.6-luna',
    'codex-auto-review': 'codex-auto-review',
    'codex-mini-latest': 'gpt-5.3-codex',
  }),
);

/** Families whose members all become one model. */
const CODEX_PREFIXES: readonly (readonly [prefix: string, model: string])[] = [
  ['gpt-5.1-codex', 'gpt-5.3-codex'],
];

/** A reasoning effort or a date behind a known name. */
const SUFFIX = /-(?:none|minimal|low|medium|high|xhigh|\d{4}-\d{2}-\d{2})$/;

function lookUp(name: string): string | undefined {
  const exact = CODEX_MODELS.get(name);
  if (exact !== undefined) return exact;
  for (const [prefix, model] of CODEX_PREFIXES) {
    if (name.startsWith(prefix)) return model;
  }
  return undefined;
}

/**
 * The model that the ChatGPT backend serves for a word of a Codex client. A vendor prefix up to the last `/`, case,
 * and one suffix of effort or date do not count; a name that is not in the table comes back unchanged.
 */
export function codexModel(word: string): string {
  const trimmed = trimText(word);
  if (trimmed === '') return CODEX_DEFAULT_MODEL;
  const lower = trimmed.toLowerCase();
  if (IMAGE_MODEL_PREFIXES.some((prefix) => lower.startsWith(prefix))) return trimmed;
  const name = trimText(lower.slice(lower.lastIndexOf('/') + 1)).replace(/\s+/g, '-');
  return lookUp(name) ?? lookUp(name.replace(SUFFIX, '')) ?? trimmed;
}

import type { CompiledRule, RuleSubject } from './compile.ts';

/** Most characters of a model's name in a message; the client chose its length. */
const MAX_MODEL_LENGTH = 128;

/** Stands for the model where the request names none. */
const NO_MODEL = '(none)';

/** Cuts at a character's edge, never inside a surrogate pair. */
function cut(text: string): string {
  if (text.length <= MAX_MODEL_LENGTH) return text;
  const last = text.charCodeAt(MAX_MODEL_LENGTH - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return `${text.slice(0, splitsPair ? MAX_MODEL_LENGTH - 1 : MAX_MODEL_LENGTH)}…`;
}

function builtMessage(subject: RuleSubject, model: string): string {
  switch (subject) {
    case 'missing':
      return `openai service_tier is missing, which is not allowed for model ${model}`;
    case 'unknown':
      return `openai service_tier is not a known tier, which is not allowed for model ${model}`;
    case 'invalid':
      return `openai service_tier is not a text, which is not allowed for model ${model}`;
    default:
      return `openai service_tier=${subject} is not allowed for model ${model}`;
  }
}

/**
 * What a blocked client is told. In a rule's own text `{tier}` becomes the tier (or `missing`, `unknown`, `invalid`),
 * `{model}` the model as the client wrote it (a mapping behind it stays hidden), `{rule}` the rule's name, each
 * in one pass; all other text stays as it is. Without a text of its own the message is the original's.
 */
export function blockMessage(
  template: string | undefined,
  rule: CompiledRule,
  subject: RuleSubject,
  modelWord: string,
): string {
  const model = modelWord === '' ? NO_MODEL : cut(modelWord);
  if (template === undefined) return builtMessage(subject, model);
  return template.replace(/\{(tier|model|rule)\}/g, (_, key: string) =>
    key === 'tier' ? subject : key === 'model' ? model : rule.name,
  );
}

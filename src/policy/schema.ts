import { z } from 'zod';
import { TIERS } from './tiers.ts';
import type { Tier } from './types.ts';

/** Most rules of one policy. */
export const MAX_RULES = 1_000;
/** Most characters of a rule's name. */
export const MAX_NAME_LENGTH = 100;
/** Most scopes of one rule. */
export const MAX_SCOPES = 64;
/** Most model patterns of one rule. */
export const MAX_PATTERNS = 1_000;
/** Most characters of a model pattern. */
export const MAX_PATTERN_LENGTH = 256;
/** Most users of one rule. */
export const MAX_USERS = 10_000;
/** Most characters of a user id. */
export const MAX_USER_LENGTH = 256;
/** Most characters of a message to the client. */
export const MAX_MESSAGE_LENGTH = 4_096;

/** What a rule can be for, beside one tier. */
export const SUBJECT_WORDS = ['all', 'missing', 'unknown', 'invalid'] as const;
/** The words of `action` and `fallback_action`. */
export const ACTION_WORDS = ['pass', 'filter', 'block', 'force', 'force_priority'] as const;
/** The scopes that need no configuration. */
export const BUILT_IN_SCOPES = ['all', 'oauth', 'apikey', 'bedrock'] as const;

const tier = z.enum(TIERS as [Tier, ...Tier[]]);
const subject = z.enum([...(TIERS as [Tier, ...Tier[]]), ...SUBJECT_WORDS]);
const action = z.enum(ACTION_WORDS);
const message = z.string().max(MAX_MESSAGE_LENGTH);

/** Control characters would break a log line or a header that shows the name. */
const PRINTABLE = /^\P{Cc}*$/u;

const ruleSchema = z
  .strictObject({
    name: z
      .string()
      .max(MAX_NAME_LENGTH)
      .regex(PRINTABLE)
      .optional()
      .describe('Name of the rule, unique in the policy. Left out: rule-<n>, counted from 1.'),
    enabled: z.boolean().optional().describe('false takes the rule out without deleting it. Left out: true.'),
    mode: z
      .enum(['enforce', 'report'])
      .optional()
      .describe('report: evaluated and recorded, changes nothing. Left out: enforce.'),
    service_tier: subject.describe(
      'What the rule is for: a tier; all (any known tier); missing (no tier is asked); unknown (a word that is ' +
        'no tier); invalid (not a text). Left out: all.',
    ),
    action: action.describe(
      'What happens: pass, filter (take the tier away), block, force (set force_tier). force_priority is force ' +
        'to priority.',
    ),
    force_tier: tier
      .optional()
      .describe('The tier that force sets; required where action or fallback_action is force.'),
    scope: z
      .union([z.string(), z.array(z.string()).min(1).max(MAX_SCOPES)])
      .describe('all, oauth, apikey, bedrock or a configured scope; one word or a list.'),
    model_whitelist: z
      .array(z.string().min(1).max(MAX_PATTERN_LENGTH))
      .max(MAX_PATTERNS)
      .optional()
      .describe(
        'Models that action is for: exact names, or prefixes with a trailing *. Left out: every model.',
      ),
    fallback_action: action
      .optional()
      .describe('What happens to models that are not on model_whitelist. Left out: pass.'),
    fallback_error_message: message
      .optional()
      .describe('Told to the client when fallback_action blocks; as error_message.'),
    error_message: message
      .optional()
      .describe(
        'Told to the client when action blocks; {tier}, {model} and {rule} are filled in. Left out: a built message.',
      ),
    user_ids: z
      .array(z.union([z.int().positive(), z.string().min(1).max(MAX_USER_LENGTH)]))
      .max(MAX_USERS)
      .optional()
      .describe(
        'Users that the rule is for, compared as text; such rules are tried before all others. Left out: everyone.',
      ),
  })
  .describe('One rule. The first whose scope and tier fit decides.');

/** The stored form of a policy: normalized, nothing that is blank. Types, JSON Schema and validation follow from it. */
export const policySchema = z
  .strictObject({ rules: z.array(ruleSchema).max(MAX_RULES).describe('Evaluated in this order.') })
  .describe('Tiergate policy: who may use which LLM service tier.');

/** The members of a rule, in the order of the manual. */
export const RULE_FIELDS: readonly string[] = Object.freeze(Object.keys(ruleSchema.shape));

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** A rule as it is stored. */
export type PolicyRule = Frozen<z.infer<typeof ruleSchema>>;
/** A policy as it is stored. */
export type PolicyDocument = Frozen<z.infer<typeof policySchema>>;
/** What a rule's `service_tier` says. */
export type RuleTier = PolicyRule['service_tier'];
/** A word of `action` or `fallback_action`. */
export type ActionWord = PolicyRule['action'];

/** The name by which decisions, logs and messages call a rule; `index` counts from 0. */
export function ruleName(rule: { readonly name?: string | undefined }, index: number): string {
  return rule.name ?? `rule-${index + 1}`;
}

/** The JSON Schema (draft 2020-12) of a policy document, for editors and for the manual. */
export function policyJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(policySchema);
}

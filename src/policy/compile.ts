import { compilePatterns, type ModelPatterns } from './patterns.ts';
import { type ActionWord, type PolicyDocument, type PolicyRule, ruleName } from './schema.ts';
import { TIERS } from './tiers.ts';
import type { Action, Tier } from './types.ts';
import { trimText } from './words.ts';

/** What a rule is looked up by: the tier asked, or what stands in its place. */
export type RuleSubject = Tier | 'missing' | 'unknown' | 'invalid';

/** One action of a rule with what belongs to it. */
export interface CompiledAction {
  readonly action: Action;
  /** Only with `force`. */
  readonly forceTier: Tier | undefined;
  /** The text for a blocked client; undefined for the built one. */
  readonly message: string | undefined;
}

/** One enabled rule, ready to match. */
export interface CompiledRule {
  readonly name: string;
  /** Place in the document, from 0. */
  readonly index: number;
  /** True for a rule in report mode. */
  readonly report: boolean;
  /** Undefined for every scope. */
  readonly scopes: ReadonlySet<string> | undefined;
  /** Undefined for every model. */
  readonly models: ModelPatterns | undefined;
  /** Undefined for everyone. */
  readonly users: ReadonlySet<string> | undefined;
  readonly onList: CompiledAction;
  /** For models that are not on the list. */
  readonly offList: CompiledAction;
}

/** The rules for one subject, each list in the order of the document. */
export interface SubjectRules {
  /** Rules with a user list; tried first. */
  readonly forUsers: readonly CompiledRule[];
  readonly forEveryone: readonly CompiledRule[];
}

/** A policy ready to decide; it shares nothing with the document that it was made from. */
export interface CompiledPolicy {
  /** The enabled rules. */
  readonly rules: readonly CompiledRule[];
  readonly bySubject: Readonly<Record<RuleSubject, SubjectRules>>;
}

/** The subjects that a rule's `service_tier` covers: `all` is every known tier, and nothing else. */
export function subjectsOf(rule: PolicyRule): readonly RuleSubject[] {
  return rule.service_tier === 'all' ? TIERS : [rule.service_tier];
}

/** The scopes that a rule names, or undefined where it is for all. */
export function scopesOf(rule: PolicyRule): readonly string[] | undefined {
  const scopes = typeof rule.scope === 'string' ? [rule.scope] : rule.scope;
  return scopes.includes('all') ? undefined : scopes;
}

/** The action that a word stands for and the tier that it sets. */
export function readAction(word: ActionWord, forceTier: Tier | undefined): [Action, Tier | undefined] {
  if (word === 'force_priority') return ['force', 'priority'];
  return [word, word === 'force' ? forceTier : undefined];
}

function compileAction(word: ActionWord, rule: PolicyRule, text: string | undefined): CompiledAction {
  const [action, forceTier] = readAction(word, rule.force_tier);
  const message = text === undefined || trimText(text) === '' ? undefined : text;
  return Object.freeze({ action, forceTier, message });
}

function compileRule(rule: PolicyRule, index: number): CompiledRule {
  const scopes = scopesOf(rule);
  return Object.freeze({
    name: ruleName(rule, index),
    index,
    report: rule.mode === 'report',
    scopes: scopes === undefined ? undefined : new Set(scopes),
    models: rule.model_whitelist === undefined ? undefined : compilePatterns(rule.model_whitelist),
    users: rule.user_ids === undefined ? undefined : new Set(rule.user_ids.map(String)),
    onList: compileAction(rule.action, rule, rule.error_message),
    offList: compileAction(rule.fallback_action ?? 'pass', rule, rule.fallback_error_message),
  });
}

/** Compiles a document that validation has accepted. */
export function compilePolicy(document: PolicyDocument): CompiledPolicy {
  const rules: CompiledRule[] = [];
  const bySubject: Record<RuleSubject, { forUsers: CompiledRule[]; forEveryone: CompiledRule[] }> = {
    flex: { forUsers: [], forEveryone: [] },
    default: { forUsers: [], forEveryone: [] },
    auto: { forUsers: [], forEveryone: [] },
    scale: { forUsers: [], forEveryone: [] },
    priority: { forUsers: [], forEveryone: [] },
    ultrafast: { forUsers: [], forEveryone: [] },
    missing: { forUsers: [], forEveryone: [] },
    unknown: { forUsers: [], forEveryone: [] },
    invalid: { forUsers: [], forEveryone: [] },
  };
  document.rules.forEach((source, index) => {
    if (source.enabled === false) return;
    const rule = compileRule(source, index);
    rules.push(rule);
    for (const subject of subjectsOf(source)) {
      const place = rule.users === undefined ? bySubject[subject].forEveryone : bySubject[subject].forUsers;
      place.push(rule);
    }
  });
  return Object.freeze({ rules: Object.freeze(rules), bySubject: Object.freeze(bySubject) });
}

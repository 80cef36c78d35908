import { scopesOf, subjectsOf } from './compile.ts';
import { formatPath, quote } from './faults.ts';
import { patternFault } from './patterns.ts';
import { type Reach, reachOf } from './reach.ts';
import { type PolicyDocument, type PolicyRule, ruleName } from './schema.ts';
import { compareTiers, TIERS } from './tiers.ts';
import type { Tier } from './types.ts';

/** Every code of the linter, as the manual lists them. */
export const LINT_CODES = [
  'unreachable_rule',
  'pattern_never_matches',
  'missing_filter',
  'unused_error_message',
  'unused_fallback_error_message',
  'unused_fallback_action',
  'unused_force_tier',
  'unreachable_fallback',
  'ungoverned_higher_tier',
  'filter_strips_default',
  'force_without_models',
] as const;

/** A code of the linter. */
export type LintCode = (typeof LINT_CODES)[number];

/** Something that is allowed and most likely not meant. */
export interface Warning {
  /** Where, as in a fault: `rules[2].model_whitelist[0]`. */
  readonly path: string;
  readonly code: LintCode;
  readonly text: string;
}

/** Most rules that a warning names. */
const SHOWN_RULES = 3;

/** What the linter says of one member of one rule. */
interface Finding {
  /** The member, with an index where it is a list; empty for the rule itself. */
  readonly at: readonly PropertyKey[];
  readonly code: LintCode;
  readonly text: string;
}

/** Warnings for a document that validation has accepted, in the order of the rules. */
export function lintPolicy(document: PolicyDocument): readonly Warning[] {
  const reaches = reachOf(document);
  return document.rules.flatMap((rule, index) => {
    const reach = reaches[index];
    const findings = [
      ...(reach === undefined ? [] : reachFindings(document, rule, reach)),
      ...patternFindings(rule),
      ...messageFindings(rule),
      ...actionFindings(rule),
    ];
    return findings.map(({ at, code, text }) => ({ path: formatPath(['rules', index, ...at]), code, text }));
  });
}

function takesTierAway(rule: PolicyRule): boolean {
  return [rule.action, effectiveFallback(rule)].includes('filter');
}

/** The fallback where the rule has a list; without one it is never taken. */
function effectiveFallback(rule: PolicyRule): PolicyRule['fallback_action'] {
  return rule.model_whitelist === undefined ? undefined : rule.fallback_action;
}

function reachFindings(document: PolicyDocument, rule: PolicyRule, reach: Reach): readonly Finding[] {
  if (reach.subjects.size === 0) {
    const takers = reach.takenBy.slice(0, SHOWN_RULES).map((index) => {
      const taker = document.rules[index];
      return `rules[${index}]${taker === undefined ? '' : ` (${quote(ruleName(taker, index))})`}`;
    });
    const text = `can never be reached: ${takers.join(', ')} decides first, whether the model is on its list or not`;
    return [{ at: [], code: 'unreachable_rule', text }];
  }
  const findings: Finding[] = [];
  const free = freeTiersAbove(document, rule);
  if (free.length > 0) {
    const text = `no rule is for the tier above (${free.join(', ')}): clients can ask for it instead`;
    findings.push({ at: ['service_tier'], code: 'ungoverned_higher_tier', text });
  }
  if (takesTierAway(rule) && reach.subjects.has('default')) {
    const text =
      'filter takes an explicit default away too; without a tier the provider uses the default of the project, ' +
      'which may be a dearer one';
    findings.push({ at: ['service_tier'], code: 'filter_strips_default', text });
  }
  return findings;
}

/**
 * Tiers above the highest that the rule filters or blocks and that no enabled rule for the same scopes is for. Flex
 * is left out: who takes the slow tier away is not after the dear ones.
 */
function freeTiersAbove(document: PolicyDocument, rule: PolicyRule): readonly Tier[] {
  const { service_tier: tier } = rule;
  const restricts = [rule.action, effectiveFallback(rule)].some(
    (word) => word === 'filter' || word === 'block',
  );
  if (!restricts || !isTier(tier) || tier === 'flex') return [];
  const scopes = scopesOf(rule) ?? ['all'];
  const isGoverned = (above: Tier): boolean =>
    scopes.every((scope) => document.rules.some((other) => covers(other, above, scope, rule)));
  return TIERS.filter((above) => compareTiers(above, tier) > 0 && !isGoverned(above));
}

function isTier(word: string): word is Tier {
  return (TIERS as readonly string[]).includes(word);
}

/** Whether `other` is for the tier in the scope, and for the users of `rule` as far as both have a list. */
function covers(other: PolicyRule, tier: Tier, scope: string, rule: PolicyRule): boolean {
  if (other.enabled === false || !subjectsOf(other).includes(tier)) return false;
  if (other.user_ids !== undefined && rule.user_ids === undefined) return false;
  return scopesOf(other)?.includes(scope) ?? true;
}

function patternFindings(rule: PolicyRule): readonly Finding[] {
  return (rule.model_whitelist ?? []).flatMap((pattern, at): Finding[] => {
    const fault = patternFault(pattern);
    if (fault === undefined) return [];
    const text = `${quote(pattern)} fits no model: ${fault}`;
    return [{ at: ['model_whitelist', at], code: 'pattern_never_matches', text }];
  });
}

function messageFindings(rule: PolicyRule): readonly Finding[] {
  const findings: Finding[] = [];
  if (rule.error_message !== undefined && rule.action !== 'block') {
    const text = 'is never used: only action block shows it';
    findings.push({ at: ['error_message'], code: 'unused_error_message', text });
  }
  if (rule.fallback_error_message !== undefined && effectiveFallback(rule) !== 'block') {
    const text = 'is never used: only fallback_action block on a rule with model_whitelist shows it';
    findings.push({ at: ['fallback_error_message'], code: 'unused_fallback_error_message', text });
  }
  return findings;
}

function actionFindings(rule: PolicyRule): readonly Finding[] {
  const findings: Finding[] = [];
  const add = (at: string, code: LintCode, text: string): void => {
    findings.push({ at: [at], code, text });
  };
  if (rule.service_tier === 'missing' && takesTierAway(rule)) {
    add(
      rule.action === 'filter' ? 'action' : 'fallback_action',
      'missing_filter',
      'no tier is there to take away',
    );
  }
  const forces = (word: string | undefined): boolean => word === 'force' || word === 'force_priority';
  if (rule.model_whitelist === undefined) {
    if (forces(rule.action)) {
      add(
        'action',
        'force_without_models',
        'sets the tier for every model, also for those that do not have it',
      );
    }
    if (rule.fallback_action !== undefined) {
      add('fallback_action', 'unused_fallback_action', 'is never used: the rule has no model_whitelist');
    }
  } else if (rule.model_whitelist.includes('*') && rule.fallback_action !== undefined) {
    const text = 'is taken only where the model is not known: the pattern * fits every model';
    add('fallback_action', 'unreachable_fallback', text);
  }
  if (rule.force_tier !== undefined && rule.action !== 'force' && effectiveFallback(rule) !== 'force') {
    add('force_tier', 'unused_force_tier', 'is never used: only the action force sets it');
  }
  return findings;
}

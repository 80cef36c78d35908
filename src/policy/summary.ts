import { readAction } from './compile.ts';
import type { ActionWord, PolicyRule } from './schema.ts';

/** Most entries of a list that a sentence names. */
const SHOWN_ENTRIES = 3;

const SUBJECTS: Readonly<Record<string, string>> = {
  all: 'any known tier',
  missing: 'no tier',
  unknown: 'a word that is no tier',
  invalid: 'a tier that is not a text',
};

function listed(entries: readonly (string | number)[]): string {
  const shown = entries.slice(0, SHOWN_ENTRIES).join(', ');
  return entries.length > SHOWN_ENTRIES ? `${shown} and ${entries.length - SHOWN_ENTRIES} more` : shown;
}

function scopePart(scope: PolicyRule['scope']): string {
  const scopes = typeof scope === 'string' ? [scope] : scope;
  if (scopes.includes('all')) return '';
  return ` in ${scopes.length === 1 ? 'scope' : 'scopes'} ${listed(scopes)}`;
}

function userPart(users: PolicyRule['user_ids']): string {
  if (users === undefined) return 'a request';
  return `a request of ${users.length === 1 ? 'user' : 'users'} ${listed(users)}`;
}

function actionPart(word: ActionWord, rule: PolicyRule): string {
  const [action, tier] = readAction(word, rule.force_tier);
  switch (action) {
    case 'pass':
      return 'it passes';
    case 'filter':
      return 'the tier is taken away';
    case 'block':
      return 'it is blocked';
    case 'force':
      return `the tier is set to ${tier}`;
  }
}

/** One plain sentence that says what a rule does, for the page, `explain` and reviews. */
export function describeRule(rule: PolicyRule): string {
  const state =
    rule.enabled === false ? 'Disabled: when ' : rule.mode === 'report' ? 'Report only: when ' : 'When ';
  const when = `${userPart(rule.user_ids)}${scopePart(rule.scope)} asks for ${SUBJECTS[rule.service_tier] ?? rule.service_tier}`;
  const then = actionPart(rule.action, rule);
  if (rule.model_whitelist === undefined) return `${state}${when}, ${then}.`;
  const otherwise = actionPart(rule.fallback_action ?? 'pass', rule);
  return `${state}${when}: for ${listed(rule.model_whitelist)} ${then}; for other models ${otherwise}.`;
}

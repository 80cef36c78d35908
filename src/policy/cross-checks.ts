import { type Fault, formatPath, kindOf, quote } from './faults.ts';
import { isRecord } from './normalize.ts';
import { fieldRemedy } from './remedies.ts';
import { BUILT_IN_SCOPES, MAX_SCOPES, ruleName } from './schema.ts';

/**
 * What one member alone cannot tell: scope names of the configuration, names and users given twice, `force` without
 * its tier. Works on normalized rules that may be wrong in other ways, so that every fault is named at once.
 */
export function crossFaults(rules: readonly unknown[], scopes: readonly string[]): readonly Fault[] {
  const allowed = new Set<string>([...BUILT_IN_SCOPES, ...scopes]);
  const names = new Map<string, number>();
  return rules.flatMap((rule, index) => {
    if (!isRecord(rule)) return [];
    const fault = (segments: readonly PropertyKey[], message: string, field: string): Fault => ({
      path: formatPath(['rules', index, ...segments]),
      message,
      remedy: fieldRemedy(field, scopes),
    });
    const scopeFault = (segments: readonly PropertyKey[], message: string): Fault =>
      fault(['scope', ...segments], message, 'scope');
    return [
      ...nameFaults(rule, index, names).map((message) => fault(['name'], message, 'name')),
      ...scopeFaults(rule['scope'], allowed).map(([segments, message]) => scopeFault(segments, message)),
      ...forceFaults(rule).map((message) => fault(['force_tier'], message, 'force_tier')),
      ...userFaults(rule['user_ids']).map(([at, message]) => fault(['user_ids', at], message, 'user_ids')),
    ];
  });
}

function nameFaults(rule: Record<string, unknown>, index: number, names: Map<string, number>): string[] {
  const own = rule['name'];
  if (own !== undefined && typeof own !== 'string') return [];
  const name = ruleName({ name: own }, index);
  const taken = names.get(name);
  if (taken === undefined) {
    names.set(name, index);
    return [];
  }
  const what = own === undefined ? `is blank and reads as ${quote(name)}, which` : `${quote(name)}`;
  return [`${what} is already the name of rules[${taken}]`];
}

type Located = readonly [segments: readonly PropertyKey[], message: string];

function scopeFaults(scope: unknown, allowed: ReadonlySet<string>): Located[] {
  if (scope === undefined) return [[[], 'is required']];
  if (!Array.isArray(scope)) return scopeWordFaults(scope, [], allowed);
  if (scope.length === 0) return [[[], 'is an empty list']];
  if (scope.length > MAX_SCOPES) return [[[], `has ${scope.length} entries, more than ${MAX_SCOPES}`]];
  return scope.flatMap((word, at) => scopeWordFaults(word, [at], allowed));
}

function scopeWordFaults(word: unknown, at: readonly PropertyKey[], allowed: ReadonlySet<string>): Located[] {
  if (typeof word !== 'string') return [[at, `${kindOf(word)} is not allowed here`]];
  return allowed.has(word) ? [] : [[at, `${quote(word)} is not a known scope`]];
}

function forceFaults(rule: Record<string, unknown>): string[] {
  if (rule['force_tier'] !== undefined) return [];
  const by = ['action', 'fallback_action'].filter((field) => rule[field] === 'force');
  return by.length === 0 ? [] : [`is required, as ${by.join(' and ')} says force`];
}

function userFaults(users: unknown): (readonly [at: number, message: string])[] {
  if (!Array.isArray(users)) return [];
  const seen = new Map<string, number>();
  return users.flatMap((user: unknown, at) => {
    if (user === '' || (typeof user !== 'string' && typeof user !== 'number')) return [];
    const first = seen.get(String(user));
    if (first !== undefined)
      return [[at, `${quote(String(user))} already stands at user_ids[${first}]`] as const];
    seen.set(String(user), at);
    return [];
  });
}

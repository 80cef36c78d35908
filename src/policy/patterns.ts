import { hasWhiteSpace } from './words.ts';

/** The `model_whitelist` of a rule, ready to match. */
export interface ModelPatterns {
  readonly exact: ReadonlySet<string>;
  /** The text before a trailing `*`. */
  readonly prefixes: readonly string[];
}

/** Compiles trimmed patterns: a trailing `*` makes a prefix, every other character stands for itself. */
export function compilePatterns(patterns: readonly string[]): ModelPatterns {
  const exact = new Set<string>();
  const prefixes: string[] = [];
  for (const pattern of patterns) {
    if (pattern.endsWith('*')) prefixes.push(pattern.slice(0, -1));
    else exact.add(pattern);
  }
  return Object.freeze({ exact, prefixes: Object.freeze(prefixes) });
}

/** Whether a pattern fits the model. Case counts; `*` alone fits every model, the empty one included. */
export function matchesPatterns(patterns: ModelPatterns, model: string): boolean {
  if (patterns.exact.has(model)) return true;
  for (const prefix of patterns.prefixes) {
    if (model.startsWith(prefix)) return true;
  }
  return false;
}

/** Why no real model name can fit the pattern, or undefined. */
export function patternFault(pattern: string): string | undefined {
  const star = pattern.indexOf('*');
  if (star !== -1 && star < pattern.length - 1) return 'a * is special only as the last character';
  return hasWhiteSpace(pattern) ? 'no model name has white space in it' : undefined;
}

import { codexModel } from './codex-models.ts';
import type { ModelMapping } from './types.ts';
import { trimText } from './words.ts';

interface CompiledAliases {
  readonly exact: ReadonlyMap<string, string>;
  /** Longest prefix first. */
  readonly prefixes: readonly { readonly prefix: string; readonly target: string }[];
}

/** A mapping is plain configuration and never changes, so its tables are built once, at its first use. */
const compiledAliases = new WeakMap<ModelMapping, CompiledAliases>();

function compileAliases(mapping: ModelMapping): CompiledAliases {
  const exact = new Map<string, string>();
  const prefixes: { prefix: string; target: string }[] = [];
  for (const [word, target] of Object.entries(mapping.aliases)) {
    if (word.endsWith('*')) prefixes.push({ prefix: word.slice(0, -1), target });
    else exact.set(word, target);
  }
  prefixes.sort((left, right) => right.prefix.length - left.prefix.length);
  return { exact, prefixes };
}

function alias(word: string, mapping: ModelMapping): string {
  let compiled = compiledAliases.get(mapping);
  if (compiled === undefined) {
    compiled = compileAliases(mapping);
    compiledAliases.set(mapping, compiled);
  }
  const exact = compiled.exact.get(word);
  if (exact !== undefined) return exact;
  for (const { prefix, target } of compiled.prefixes) {
    if (word.startsWith(prefix)) return target;
  }
  return word;
}

/**
 * The model that the provider will serve for the client's word: white space at the ends removed, then one alias
 * (exact, else the longest prefix with a trailing `*`; an alias is not looked up again), then the codex table
 * where the mapping asks for it. The empty word stands for a request that names no model.
 */
export function matchModel(word: string, mapping: ModelMapping): string {
  const aliased = trimText(alias(trimText(word), mapping));
  return mapping.normalize === 'codex' ? codexModel(aliased) : aliased;
}

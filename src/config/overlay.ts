import type { VariableValue } from './environment.ts';
import type { ScalarKey } from './keys.ts';
import { isRecord, valueAt } from './records.ts';

/** Which variable gave the value that stands at `path`. */
export interface VariableOrigin {
  readonly path: readonly string[];
  readonly variable: string;
}

/** Members that may stand alone in place of their object: the name of a preset, the URL of a store. */
const SHORTHANDS = ['preset', 'url'];

/** The member that a scalar in place of an object stands for; undefined for a key that takes none. */
function shorthandOf(key: ScalarKey | undefined): string | undefined {
  const members = key?.node.anyOf?.flatMap((node) => Object.keys(node.properties ?? {}));
  return SHORTHANDS.find((name) => members?.includes(name));
}

/** A copy of `document` with `value` at `path`; what cannot have members stays, so that its fault shows. */
function assign(document: unknown, path: readonly string[], value: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (document !== undefined && document !== null && !isRecord(document)) return document;
  return { ...document, [name]: assign(document?.[name], rest, value) };
}

/** Lays the environment over a document: variables outrank the file. */
export function overlay(
  document: unknown,
  values: readonly VariableValue[],
  keys: readonly ScalarKey[],
): { readonly document: unknown; readonly origins: readonly VariableOrigin[] } {
  let merged = document;
  const origins: VariableOrigin[] = [];
  // A preset's name is written first, so that variables for single lines find the object to stand in.
  for (const { key, variable, value } of [...values].sort(
    (left, right) => left.key.path.length - right.key.path.length,
  )) {
    let path = key.path;
    const own = shorthandOf(key);
    if (own !== undefined && isRecord(valueAt(merged, path))) path = [...path, own];
    const parent = path.slice(0, -1);
    const shorthand = valueAt(merged, parent);
    const member = shorthandOf(keys.find((other) => other.path.join('.') === parent.join('.')));
    if (typeof shorthand === 'string' && member !== undefined) {
      merged = assign(merged, parent, { [member]: shorthand });
    }
    merged = assign(merged, path, value);
    origins.push({ path, variable });
  }
  return { document: merged, origins };
}

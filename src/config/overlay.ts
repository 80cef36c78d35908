import type { VariableValue } from './environment.ts';
import type { ScalarKey } from './keys.ts';
import { isRecord, valueAt } from './records.ts';

/** Which variable gave the value that stands at `path`. */
export interface VariableOrigin {
  readonly path: readonly string[];
  readonly variable: string;
}

/** A key that takes the name of a preset in place of an object with a member `preset`. */
function takesPreset(key: ScalarKey): boolean {
  return key.node.anyOf?.some((node) => node.properties?.['preset'] !== undefined) ?? false;
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
): { readonly document: unknown; readonly origins: readonly VariableOrigin[] } {
  let merged = document;
  const origins: VariableOrigin[] = [];
  // A preset's name is written first, so that variables for single lines find the object to stand in.
  for (const { key, variable, value } of [...values].sort(
    (left, right) => left.key.path.length - right.key.path.length,
  )) {
    let path = key.path;
    if (takesPreset(key) && isRecord(valueAt(merged, path))) path = [...path, 'preset'];
    const parent = path.slice(0, -1);
    const shorthand = valueAt(merged, parent);
    if (typeof shorthand === 'string') merged = assign(merged, parent, { preset: shorthand });
    merged = assign(merged, path, value);
    origins.push({ path, variable });
  }
  return { document: merged, origins };
}

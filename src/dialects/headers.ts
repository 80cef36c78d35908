import type { HeaderEdits, HeaderLine } from './types.ts';

/** No change to a header list. */
export const NO_HEADER_EDITS: HeaderEdits = { remove: [], set: [], append: [] };

/** The values of all lines of one header, in order. `name` in lower case. */
export function valuesOf(headers: readonly HeaderLine[], name: string): readonly string[] {
  const values: string[] = [];
  for (const line of headers) if (line.name === name) values.push(line.value);
  return values;
}

/** The edits that make `values` the lines of header `name`; none where they are `before` already. */
export function replaceValues(
  name: string,
  before: readonly string[],
  values: readonly string[],
): HeaderEdits {
  if (values.length === before.length && values.every((value, index) => value === before[index])) {
    return NO_HEADER_EDITS;
  }
  const [first, ...rest] = values.map((value) => ({ name, value }));
  if (first === undefined) return { remove: [name], set: [], append: [] };
  return { remove: [], set: [first], append: rest };
}

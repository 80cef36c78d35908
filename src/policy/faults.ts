/** One thing that is wrong with a policy document. */
export interface Fault {
  /** Where: `rules[2].action`; empty for the document as a whole. */
  readonly path: string;
  /** What is wrong. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

const PLAIN_KEY = /^[A-Za-z_$][\w$-]{0,63}$/;
const SHOWN_LENGTH = 64;

/** A text of the document for a fault: quoted, cut to 64 characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text);
}

/**
 * `['rules', 2, 'action']` → `rules[2].action`; keys that are no plain words stand in brackets and quotes, cut to
 * 64 characters.
 */
export function formatPath(segments: readonly PropertyKey[]): string {
  let path = '';
  for (const segment of segments) {
    if (typeof segment === 'number') path += `[${segment}]`;
    else if (!PLAIN_KEY.test(String(segment))) path += `[${quote(String(segment))}]`;
    else path += path === '' ? String(segment) : `.${String(segment)}`;
  }
  return path;
}

/** The kind of a JSON value, in words. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return 'an object';
  }
}

import type { HeaderMap } from './header-map.ts';
import type { HeaderMutation, HeaderValueOption } from './messages.ts';
import type { ViolationCode } from './violations.ts';

/** Where breaches of the contract go. */
export type Report = (code: ViolationCode, message: string) => void;

/** Envoy's limit of edits in one reply: its default maximum of headers. */
const MAX_EDITS = 100;

const TOKEN = /^:?[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What Envoy's check of header values (nghttp2's) refuses: control characters other than tab. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** Response code details of Envoy for an edit that it refuses (1.37 and later). */
const DETAILS = {
  count: 'header_mutation_operation_count_exceeds_limit',
  setCharacter: 'header_mutation_set_contains_invalid_character',
  removeCharacter: 'header_mutation_remove_contains_invalid_character',
} as const;

/** What the edits of one reply did. */
export interface MutationOutcome {
  /** Set where Envoy refuses the whole reply: the response code details. */
  readonly refused: string | undefined;
  /** Whether the edits set `content-length` and Envoy took it. */
  readonly setsContentLength: boolean;
}

/** Rules that depend on where the edits stand. */
export interface MutationRules {
  /** Names the reply in messages, for example `request_body`. */
  readonly place: string;
  /** Whether an edit of `content-length` is taken. */
  readonly contentLength: boolean;
}

/**
 * Applies the header edits of a reply as Envoy does: removals first, then sets in order; only `raw_value` and `append`
 * are read. Edits that Envoy ignores are ignored here, and reported.
 */
export function applyHeaderMutation(
  headers: HeaderMap,
  mutation: HeaderMutation,
  rules: MutationRules,
  report: Report,
): MutationOutcome {
  const removes = mutation.removeHeaders ?? [];
  const sets = mutation.setHeaders ?? [];
  let setsContentLength = false;
  const refuse = (refused: string): MutationOutcome => ({ refused, setsContentLength });

  if (removes.length > MAX_EDITS || sets.length > MAX_EDITS) {
    report(
      'too_many_header_edits',
      `${rules.place}: ${sets.length} headers set and ${removes.length} removed; Envoy takes ${MAX_EDITS} of each`,
    );
    return refuse(DETAILS.count);
  }
  for (const name of removes) {
    if (!TOKEN.test(name)) {
      report('invalid_header_name', `${rules.place}: remove_headers holds ${JSON.stringify(name)}`);
      return refuse(DETAILS.removeCharacter);
    }
    const key = name.toLowerCase();
    if (key.startsWith(':') || isProtected(key)) {
      report('header_edit_ignored', `${rules.place}: \`${key}\` cannot be removed`);
    } else {
      headers.remove(key);
    }
  }
  for (const option of sets) {
    const key = option.header?.key?.toLowerCase();
    if (option.header === undefined || option.header === null) continue;
    reportFields(option, rules.place, report);
    const value = Buffer.from(option.header.rawValue ?? []).toString('latin1');
    if (key === undefined || !TOKEN.test(key)) {
      report(
        'invalid_header_name',
        `${rules.place}: set_headers holds the name ${JSON.stringify(key ?? '')}`,
      );
      return refuse(DETAILS.setCharacter);
    }
    if (CONTROL.test(value)) {
      report('invalid_header_value', `${rules.place}: the value of \`${key}\` holds a control character`);
      return refuse(DETAILS.setCharacter);
    }
    if (isProtected(key)) {
      report('header_edit_ignored', `${rules.place}: \`${key}\` cannot be set`);
      continue;
    }
    if (key === 'content-length') {
      if (!rules.contentLength) continue;
      setsContentLength = true;
    }
    if (option.append?.value === true) headers.append(key, value);
    else headers.set(key, value);
  }
  return { refused: undefined, setsContentLength };
}

/** The members of a header option that Envoy does not read, whatever they hold. */
export function reportFields(option: HeaderValueOption, place: string, report: Report): void {
  const key = option.header?.key ?? '';
  if ((option.header?.value ?? '') !== '') {
    report('header_set_through_value', `${place}: \`${key}\` is set through \`value\`; use \`raw_value\``);
  }
  const action = option.appendAction;
  if (action !== undefined && action !== 0 && action !== 'APPEND_IF_EXISTS_OR_ADD') {
    report('append_action_used', `${place}: \`${key}\` has \`append_action\` ${action}; use \`append\``);
  }
}

/** Whether a value holds what a header may not hold. */
export function isValidHeaderValue(value: string): boolean {
  return !CONTROL.test(value);
}

/** Whether a name is a token (or a pseudo-header). */
export function isValidHeaderName(name: string): boolean {
  return TOKEN.test(name);
}

/** Headers that Envoy's default mutation rules keep from the server; `:path` and `:status` can be set. */
function isProtected(key: string): boolean {
  return (
    key === 'host' ||
    key === ':authority' ||
    key === ':scheme' ||
    key === ':method' ||
    key.startsWith('x-envoy-')
  );
}

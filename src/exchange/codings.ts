import type { HeaderLine } from '../dialects/types.ts';
import type { Coding } from './events.ts';

/** Most codings of one body; more is no honest client, and each one multiplies what a few bytes can unfold to. */
export const MAX_CODINGS = 4;

/** Content codings by their registered names and aliases (RFC 9110, sections 8.4.1 and 16.6). */
const NAMES: ReadonlyMap<string, Coding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
  ['zstd', 'zstd'],
]);

/** How a body is encoded. `codings` in the order in which the client applied them; empty for a plain body. */
export type ContentEncoding =
  | { readonly supported: true; readonly codings: readonly Coding[] }
  | { readonly supported: false };

const PLAIN: ContentEncoding = { supported: true, codings: [] };
const UNSUPPORTED: ContentEncoding = { supported: false };

/**
 * Reads all `content-encoding` lines as one list (RFC 9110, section 8.4: several lines equal one joined by commas;
 * names in any case; empty elements and `identity` say nothing).
 */
export function readContentEncoding(headers: readonly HeaderLine[]): ContentEncoding {
  let codings: Coding[] | undefined;
  for (const line of headers) {
    if (line.name !== 'content-encoding') continue;
    for (const element of line.value.split(',')) {
      const name = element.trim().toLowerCase();
      if (name === '' || name === 'identity') continue;
      const coding = NAMES.get(name);
      if (coding === undefined) return UNSUPPORTED;
      codings ??= [];
      if (codings.push(coding) > MAX_CODINGS) return UNSUPPORTED;
    }
  }
  return codings === undefined ? PLAIN : { supported: true, codings };
}

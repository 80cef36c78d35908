/**
 * The normal form of a request path: what is compared with routes. Upstreams differ in what they decode, fold and
 * strip before they choose an endpoint, so a path that can be read in several ways has several readings; whoever
 * chooses a route looks at all of them.
 */

/** A path read: the normal form, and what it becomes when it is decoded, cut or folded further. */
export interface PathReading {
  /** Percent-decoded once, cut, dot segments and doubled slashes removed, ASCII case folded; starts with `/`. */
  readonly normal: string;
  /** Normal forms of further readings that differ from `normal`; empty for all but odd paths. */
  readonly further: readonly string[];
}

/** Longest path, without its query, that is decoded; a plain one may be longer. Reading 60 KB of escapes takes 50 ms. */
const MAX_ODD_LENGTH = 4096;

/** Most times that a path is decoded; a path that still changes then cannot be normalised. */
const MAX_DECODINGS = 4;

/** Paths of which nothing needs decoding or removing: no segment begins or ends with a dot. */
const PLAIN_PATH =
  /^(?:\/[A-Za-z0-9_~:@!$&'()*+,=-](?:[A-Za-z0-9_.~:@!$&'()*+,=-]*[A-Za-z0-9_~:@!$&'()*+,=-])?)+$/;
const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;
/** Signs that servers do not count the segments alike. */
const AMBIGUOUS_SEGMENTS = /[%;\\]|\/\//;
const PARENT_SEGMENT = /(?:^|[/\\])\.\.(?:;[^/\\]*)?(?:[/\\]|$)/;
const NON_ASCII = /[^\0-\x7f]/;
const SPACE_OR_CONTROL = /[\0-\x20\x7f]/g;
/** What is not seen, or taken off as white space. */
const INVISIBLE = /[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}]/gu;
/** Servers on Windows take the dots off the end of a name. */
const TRAILING_DOTS = /(?<=[^./\\])\.+(?=[/\\;]|$)/g;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a `:path`.
 *
 * @param raw the pseudo-header's value, one character per byte; query and fragment included
 * @returns undefined where it cannot be normalised: thousands of characters that are not all plain, a malformed percent
 *   escape, a NUL, bytes that are no UTF-8, escapes within escapes without end, or a `..` in a path whose segments
 *   servers count differently (RFC 3986 removes it before anything is decoded, others after, and with `;`, `\` and `//`
 *   each in its own order)
 */
export function readPath(raw: string): PathReading | undefined {
  const cut = cutQuery(raw);
  if (PLAIN_PATH.test(cut)) return { normal: cut.toLowerCase(), further: [] };
  let text = cut.length > MAX_ODD_LENGTH ? undefined : decodeStrictly(cut);
  if (text === undefined) return undefined;
  const odd = AMBIGUOUS_SEGMENTS.test(cut);
  const normal = normalise(text);
  const further = new Set(variants(text));
  for (let decodings = 1; ; decodings += 1) {
    if (odd && PARENT_SEGMENT.test(text)) return undefined;
    const next = decodeLeniently(cutQuery(text));
    if (next === text) break;
    if (next.includes('\0') || decodings === MAX_DECODINGS) return undefined;
    text = next;
    further.add(normalise(text));
    for (const variant of variants(text)) further.add(variant);
  }
  further.delete(normal);
  return { normal, further: [...further] };
}

/** The value up to the query or the fragment. */
function cutQuery(text: string): string {
  const end = text.search(/[?#]/);
  return end === -1 ? text : text.slice(0, end);
}

/** The first decoding, of bytes that the client sent. */
function decodeStrictly(raw: string): string | undefined {
  if (BROKEN_ESCAPE.test(raw)) return undefined;
  const bytes = undoEscapes(raw);
  if (bytes.includes(0)) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Further decodings: whatever still looks like an escape is one, the rest stays ('100% sure'). */
function decodeLeniently(text: string): string {
  return text.includes('%') ? undoEscapes(Buffer.from(text).toString('latin1')).toString() : text;
}

/** Replaces each well-formed percent escape by its byte; the text has one character for each byte. */
function undoEscapes(text: string): Buffer {
  const bytes = text.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}

/** Readings by servers that fold or strip more than the normal form does. */
function variants(decoded: string): string[] {
  const readings: string[] = [];
  // Where `;` is an ordinary character, a method can stand behind it: `/models/m;x:generateContent`.
  if (decoded.includes(';')) readings.push(normalise(decoded, 'kept'));
  const stripped = decoded.replace(SPACE_OR_CONTROL, '').replace(TRAILING_DOTS, '');
  if (stripped !== decoded) readings.push(normalise(stripped));
  if (NON_ASCII.test(decoded)) {
    const compatible = stripped.normalize('NFKC').replace(INVISIBLE, '').replace(TRAILING_DOTS, '');
    // Case-blind servers compare either case, and some letters have an ASCII letter in one case only.
    readings.push(normalise(compatible.toLowerCase()), normalise(compatible.toUpperCase()));
  }
  return readings;
}

/** Slashes, parameters, dot segments and ASCII case of a decoded path. */
function normalise(decoded: string, handling: 'cut' | 'kept' = 'cut'): string {
  const segments: string[] = [];
  for (const part of decoded.split(/[/\\]/)) {
    const parameters = handling === 'cut' ? part.indexOf(';') : -1;
    const segment = parameters === -1 ? part : part.slice(0, parameters);
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(segment.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()));
  }
  return `/${segments.join('/')}`;
}

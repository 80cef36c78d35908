import type { HeaderLine } from '../dialects/types.ts';

const CHARSET = /charset/gi;
/** A charset in which every byte below 0x80 is its ASCII character and no other byte is: JSON in it reads as JSON in UTF-8. */
const ASCII_ALIKE =
  /charset[ \t]*=[ \t]*("?)(?:utf-?8|(?:us-)?ascii|iso-8859-1|latin-?1)?\1[ \t]*(?:[;,]|$)/gi;
const FORM = /x-www-form-urlencoded/i;

/**
 * Whether a `content-type` names a charset in which the body may be another text than in UTF-8. JSON has no other charset
 * (RFC 8259, section 8.1), but servers decode what the parameter says: with `utf-7` the string `+ACI-` ends itself, and
 * members follow that nobody saw (aiohttp of Python and the body parser of Express take it). Whatever is not plainly one
 * of the known names counts: spellings such as `charset*=` are read by some servers only.
 */
export function hasForeignCharset(headers: readonly HeaderLine[]): boolean {
  return headers.some(
    ({ name, value }) =>
      name === 'content-type' &&
      (value.match(CHARSET)?.length ?? 0) !== (value.match(ASCII_ALIKE)?.length ?? 0),
  );
}

/** Whether a `content-type` says that the body is a form: some servers then read no JSON at all. */
export function isForm(headers: readonly HeaderLine[]): boolean {
  return headers.some(({ name, value }) => name === 'content-type' && FORM.test(value));
}

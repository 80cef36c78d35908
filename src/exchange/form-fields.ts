/** A field of a form behind the first one; the first begins with the brace of the JSON text. */
const FIELD = /[&;]([^&;=]+)=/g;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;

/**
 * Most fields that are looked at. Text with more of them is no form that anybody sends; looking on would take too long.
 */
const MAX_FIELDS = 100_000;

/**
 * Whether a JSON text, read as `application/x-www-form-urlencoded`, has a field that is named like one of `members`, so
 * that a server that goes by the content type sees what the reader of the JSON does not:
 * `{"input":"&service_tier=priority&"}`.
 *
 * @param members paths of governed members; the first name of each counts
 */
export function hasFormField(body: Buffer, members: readonly string[]): boolean {
  const names = new Set(members.map((member) => letters(member.replace(/[[.].*$/, ''))));
  let fields = 0;
  for (const [, key = ''] of body.toString('latin1').matchAll(FIELD)) {
    fields += 1;
    if (fields > MAX_FIELDS) return true;
    const decoded = key.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    // `fallbacks[0][speed]` is a member of `fallbacks`, and PHP reads `service.tier` and `service[tier` as `service_tier`.
    if (names.has(letters(decoded)) || names.has(letters(decoded.replace(/\[.*$/s, '')))) return true;
  }
  return false;
}

/** Letters and digits only, in lower case: servers differ in what else they strip or replace. */
function letters(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
}

/**
 * `x-codex-routing-hint: model=<slug>;tier=<tier>`, which Codex sends beside the body and on the WebSocket handshake
 * when it is logged in with ChatGPT. Whether the backend grants a tier from it alone is not documented, so the tier in
 * it is a claim. Lines may have been joined with commas on the way.
 */
export const ROUTING_HINT = 'x-codex-routing-hint';

/** What is to become of one tier in the hint. */
export type HintChange =
  | { readonly kind: 'keep' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'set'; readonly word: string };

/** What all lines of the hint say. */
export interface RoutingHint {
  /** The text of each tier, in order over all lines. */
  readonly tiers: readonly string[];
  /** The first model that is named. */
  readonly model: string | undefined;
}

/** One `key=value` of a hint. */
interface Part {
  readonly raw: string;
  readonly key: string;
  readonly value: string;
}

/** Reads all lines; what is no `key=value` is skipped. */
export function readHint(lines: readonly string[]): RoutingHint {
  const tiers: string[] = [];
  let model: string | undefined;
  for (const line of lines) {
    for (const part of line.split(/[;,]/).map(readPart)) {
      if (part.key === 'tier') tiers.push(part.value);
      if (part.key === 'model' && part.value !== '') model ??= part.value;
    }
  }
  return { tiers, model };
}

/**
 * The lines after the changes; a line without a change keeps every byte, and one with nothing left goes.
 *
 * @param changeOf what becomes of the tier number `index`, counted as in `RoutingHint.tiers`
 * @param added the word that is added to a hint that names a model and no tier; undefined = none is added
 */
export function editHint(
  lines: readonly string[],
  changeOf: (index: number) => HintChange | undefined,
  added: string | undefined,
): readonly string[] {
  let index = 0;
  const edited: string[] = [];
  for (const line of lines) {
    const elements: string[] = [];
    for (const element of line.split(',')) {
      const parts = element.split(';').map(readPart);
      const kept: string[] = [];
      for (const part of parts) {
        const change = part.key === 'tier' ? changeOf(index++) : undefined;
        if (change === undefined || change.kind === 'keep') kept.push(part.raw);
        else if (change.kind === 'set') kept.push(setValue(part, change.word));
      }
      const holdsTier = parts.some((part) => part.key === 'tier');
      if (added !== undefined && !holdsTier && parts.some((part) => part.key === 'model')) {
        kept.push(`tier=${added}`);
      }
      if (kept.length > 0) elements.push(kept.join(';'));
    }
    const text = elements.join(',');
    if (text === line) edited.push(line);
    else if (text.trim() !== '') edited.push(text.trim());
  }
  return edited;
}

function readPart(raw: string): Part {
  const equals = raw.indexOf('=');
  if (equals < 0) return { raw, key: '', value: '' };
  const value = raw.slice(equals + 1).trim();
  const quoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  return {
    raw,
    key: raw.slice(0, equals).trim().toLowerCase(),
    value: quoted ? value.slice(1, -1) : value,
  };
}

function setValue(part: Part, word: string): string {
  const start = part.raw.indexOf('=') + 1;
  return part.raw.slice(start) === word ? part.raw : part.raw.slice(0, start) + word;
}

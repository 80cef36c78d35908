import type { JsonEdit, JsonReading } from '../json/types.ts';
import type { AskedModel, Claim, Tier, Verdict } from '../policy/types.ts';

/** One header line; `name` in lower case, `value` one character per byte (latin1), so that nothing is lost. */
export interface HeaderLine {
  readonly name: string;
  readonly value: string;
}

/** Changes to a header list: `remove` first, then `set` (replaces all lines of the name), then `append`. */
export interface HeaderEdits {
  readonly remove: readonly string[];
  readonly set: readonly HeaderLine[];
  readonly append: readonly HeaderLine[];
}

/** Wire words that a route adds to the dialect's own: wire word (trimmed, ASCII lower case) → tier. */
export type ExtraWords = Readonly<Record<string, Tier>>;

/** How `filter` takes a tier away: the member goes, or the dialect's standard word is set. */
export type FilterMode = 'remove' | 'default';

/** Everything of one request that a dialect reads. */
export interface DialectInput {
  readonly headers: readonly HeaderLine[];
  /** Path with query, as the client wrote it. */
  readonly path: string;
  /** The reading of the body with `dialect.members`; undefined for a request without a body. */
  readonly reading: JsonReading | undefined;
  readonly words: ExtraWords;
  /** The model where neither body nor message names one (captured, URL …). */
  readonly fallbackModel: AskedModel;
}

/** What one request asks. */
export interface DialectReading {
  readonly claims: readonly Claim[];
  /** The model of the request itself, for a `missing` rule and for the decision. */
  readonly model: AskedModel;
  /** A governed value that is text with half a surrogate pair, or the like; refused as `malformed_json`. */
  readonly fault: { readonly code: 'malformed_json'; readonly reason: string } | undefined;
}

/** What the verdict changes. */
export interface DialectChanges {
  readonly edits: readonly JsonEdit[];
  readonly headers: HeaderEdits;
  /** The tier that goes upstream for each claim, in the order of the claims; undefined = none. */
  readonly sent: readonly (Tier | undefined)[];
  /** Set where a forced tier has no word in this dialect: the exchange refuses with `unsupported_tier`. */
  readonly unsupported: Tier | undefined;
}

/** Status and bytes-to-be of a refusal in the dialect's shape. */
export interface RefusalShape {
  readonly status: number;
  /** `error.type` of the catalogue row at this status. */
  readonly type: string;
  readonly code: string;
  readonly message: string;
}

/**
 * Where the answers of an API say which tier was really served. Paths are names joined by `.`, through objects only.
 * Of several members the one that names the dearest tier counts.
 */
export interface ServedTier {
  /** Words of answers, trimmed and in lower case → tier. */
  readonly words: Readonly<Record<string, Tier>>;
  /** Members of an answer that is one JSON text. */
  readonly body: readonly string[];
  /** A member of that text, and its words for an answer that comes before the work and echoes the request's tier. */
  readonly pending?: { readonly path: string; readonly words: readonly string[] };
  /**
   * Members of a server-sent event, by the event's type; `*` stands for every type that is not listed. Of several events
   * that hold a member of the same name the last one counts.
   */
  readonly events: Readonly<Record<string, readonly string[]>>;
}

/** How one provider protocol carries model and tier, and how a refusal looks in it. */
export interface Dialect {
  readonly name: string;
  /** Governed members of an HTTP body, as paths of the JSON reader. */
  readonly members: readonly string[];
  /** Governed members of a socket's message; empty where the dialect has no socket. */
  readonly messageMembers: readonly string[];
  /** Where answers tell the tier; undefined where they never do. */
  readonly served: ServedTier | undefined;
  read(input: DialectInput): DialectReading;
  /** Turns a verdict over `reading.claims` into edits. Called only for pass, filter and force. */
  apply(input: DialectInput, reading: DialectReading, verdict: Verdict, filter: FilterMode): DialectChanges;
  /** The JSON text of a refusal. */
  refusalBody(shape: RefusalShape): string;
}

/** The canonical words for what a request asks. Ranked in `tiers.ts`. */
export type Tier = 'flex' | 'default' | 'auto' | 'scale' | 'priority' | 'ultrafast';

/** What a rule does. */
export type Action = 'pass' | 'filter' | 'block' | 'force';

/** An action, or the refusal of something that cannot be judged. Strictness: refuse > block > filter > force > pass. */
export type Outcome = Action | 'refuse';

/** `enforce` acts; `report` judges, records and changes nothing. */
export type Enforcement = 'enforce' | 'report';

/** What stands at the place where a tier can be asked. */
export type AskedTier =
  | { readonly kind: 'known'; readonly tier: Tier }
  /** A text that no known tier has as its word, the blank text included. */
  | { readonly kind: 'unknown' }
  /** Neither a text nor `null`. */
  | { readonly kind: 'invalid' }
  /** JSON `null`. */
  | { readonly kind: 'null' };

/** The model that a claim is judged with, as the client wrote it. */
export type AskedModel =
  | { readonly kind: 'known'; readonly word: string }
  /** Absent, or not a non-empty string. */
  | { readonly kind: 'absent' }
  /** It should exist and cannot be had (session look-up failed; header judged before the body): always read strictly. */
  | { readonly kind: 'unavailable' };

/** One place where a request asks a tier. */
export interface Claim {
  /** Where it stands, for example `body:service_tier`, `body:fallbacks[0].speed`, `header:anthropic-beta`. */
  readonly carrier: string;
  /** The wire word as written, at most 64 bytes of it; undefined where the place holds no text. */
  readonly word: string | undefined;
  readonly asked: AskedTier;
  readonly model: AskedModel;
}

/** The scope of a request from trusted input, or that it cannot be told (no evidence, or evidence that disagrees). */
export type AskedScope = { readonly kind: 'known'; readonly name: string } | { readonly kind: 'untold' };

/** Readings of odd input, each settable on its own; presets in `strictness.ts` (design 4.5). */
export interface Strictness {
  /** A word that is no known tier, unless a rule for `unknown` decides. */
  readonly unknown_tier: 'pass' | 'refuse';
  /** A tier that is neither text nor null, unless a rule for `invalid` decides. */
  readonly invalid_tier: 'pass' | 'refuse';
  /** Whether a rule for `missing` also matches a tier that is `null`. */
  readonly null_tier: 'absent' | 'missing';
  /** A WebSocket message whose `type` is absent, empty or not a string. */
  readonly missing_type: 'pass' | 'refuse';
  /** No model known where a tier is asked. */
  readonly missing_model: 'empty' | 'stricter';
  /** A scope that cannot be told: rules for `all` only, or also block and filter rules of every scope. */
  readonly untold_scope: 'all_only' | 'every_scope';
  /** Which model a later turn of a socket leaves as the captured one. */
  readonly turn_model: 'turn_only' | 'capture';
}

/** How the client's model word becomes the one that the provider serves (design 4.6). */
export interface ModelMapping {
  /** Exact names, or a prefix with a trailing `*`; exact first, then the longest prefix. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly normalize: 'none' | 'codex';
}

/** The refusals that the policy itself can pronounce; the catalogue of all is `src/refusals.ts`. */
export type PolicyRefusalCode = 'unknown_tier' | 'invalid_tier';

/** What a rule in report mode would have done. */
export interface ReportedOutcome {
  readonly rule: string;
  readonly action: Action;
}

/** The judgement of one claim. */
export interface ClaimOutcome {
  readonly claim: Claim;
  /** The model after aliases and normalization; `''` where none is known. */
  readonly modelMatched: string;
  readonly action: Outcome;
  /** Name and index of the rule that decided; undefined where none did. */
  readonly rule: string | undefined;
  readonly ruleIndex: number | undefined;
  /** True where the rule's list missed the model and its fallback decided. */
  readonly fallback: boolean;
  /** The tier to set; only with `force`. */
  readonly forceTier: Tier | undefined;
  /** What the client is told; only with `block`. */
  readonly message: string | undefined;
  /** Only with `refuse`. */
  readonly code: PolicyRefusalCode | undefined;
  readonly reports: readonly ReportedOutcome[];
}

/** The judgement of one body or turn: the strictest outcome and the outcome of each claim. */
export interface Verdict {
  readonly action: Outcome;
  /** The outcome that gave `action` (the first among equals); undefined where nothing was asked and nothing matched. */
  readonly decisive: ClaimOutcome | undefined;
  readonly outcomes: readonly ClaimOutcome[];
  /** The outcome of a `missing` rule; then `outcomes` is empty or holds only `null` claims. */
  readonly missing: ClaimOutcome | undefined;
}

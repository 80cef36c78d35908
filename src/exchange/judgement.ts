import type { Dialect, HeaderEdits, HeaderLine } from '../dialects/types.ts';
import type { JsonLimits } from '../json/types.ts';
import type { AskedModel, AskedScope, Outcome, ReportedOutcome, Tier } from '../policy/types.ts';
import type { RefusalCode } from '../refusals.ts';
import type { DecisionClaim } from './decision.ts';
import type { PolicyView, RouteSettings } from './settings.ts';

/** One complete body or message and everything that the verdict may depend on. */
export interface JudgeInput {
  readonly dialect: Dialect;
  readonly route: RouteSettings;
  readonly policy: PolicyView;
  readonly scope: AskedScope;
  readonly user: string | undefined;
  readonly headers: readonly HeaderLine[];
  /** Path with query, as the client wrote it. */
  readonly path: string;
  /** The decoded body; undefined or empty for a request without one. */
  readonly body: Buffer | undefined;
  /** The model where the body names none. */
  readonly fallbackModel: AskedModel;
  readonly limits: JsonLimits;
}

/** What is to happen to one body or message. */
export interface Judgement {
  /** What was decided; under `report` what would have been done. */
  readonly action: Outcome;
  /** False where enforcement is `report`: then `body` and `headers` hold no change. */
  readonly enforced: boolean;
  /** Catalogue code of a block or refusal. */
  readonly code: RefusalCode | undefined;
  /** What the client is told; only with block and refuse. */
  readonly message: string | undefined;
  /** The new bytes, or undefined where the body stays as it came. */
  readonly body: Buffer | undefined;
  readonly headers: HeaderEdits;
  readonly claims: readonly DecisionClaim[];
  readonly modelAsked: string;
  readonly modelMatched: string;
  readonly tierAsked: Tier | 'unknown' | 'invalid' | 'null' | undefined;
  readonly tierSent: Tier | undefined;
  readonly rule: string | undefined;
  readonly reports: readonly ReportedOutcome[];
}

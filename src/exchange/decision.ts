import type { Enforcement, Outcome, ReportedOutcome, Tier } from '../policy/types.ts';

/** One claim as the decision records it: no content of the request beyond the tier word (at most 64 bytes). */
export interface DecisionClaim {
  readonly carrier: string;
  readonly word: string | undefined;
  /** The canonical tier, or `unknown`, `invalid`, `null`. */
  readonly asked: Tier | 'unknown' | 'invalid' | 'null';
  readonly model_asked: string;
  readonly model_matched: string;
  readonly action: Outcome;
  readonly rule: string | undefined;
  readonly tier_sent: Tier | undefined;
  readonly reports: readonly ReportedOutcome[];
}

/**
 * The record of one judged body or turn (design 7.4): enough to replay it against another policy; never with
 * prompts, bodies or credentials. Names are those of the log line and of the API.
 */
export interface Decision {
  /** ISO 8601 in UTC. */
  readonly time: string;
  readonly id: string;
  /** Envoy's `x-request-id`; undefined where it sent none. */
  readonly request_id: string | undefined;
  readonly transport: 'http' | 'websocket';
  readonly route: string;
  readonly dialect: string;
  /** The id of the socket; undefined over HTTP. */
  readonly session: string | undefined;
  /** The lane of a turn on a socket; undefined where it named none. */
  readonly stream_id: string | undefined;
  /** The model that the socket has captured, in the client's word; undefined where it has none. */
  readonly captured_model: string | undefined;
  readonly scope: string | undefined;
  /** Which source told the scope, or why it is untold. */
  readonly scope_evidence: string;
  readonly user: string | undefined;
  readonly claims: readonly DecisionClaim[];
  readonly model_asked: string;
  readonly model_matched: string;
  /** The tier of the decisive claim, or undefined where none was asked. */
  readonly tier_asked: Tier | 'unknown' | 'invalid' | 'null' | undefined;
  readonly tier_sent: Tier | undefined;
  /** Only where the answer is observed. */
  readonly tier_served: string | undefined;
  /** What was decided; under `report` what would have been done. */
  readonly action: Outcome;
  /** Whether the action was carried out: false under `policy.enforcement: report`. */
  readonly enforced: boolean;
  readonly enforcement: Enforcement;
  /** The catalogue's code of a block or refusal. */
  readonly code: string | undefined;
  readonly rule: string | undefined;
  /** Rules in report mode that would have decided. */
  readonly reports: readonly ReportedOutcome[];
  readonly revision: number;
  readonly strictness: 'compatible' | 'strict' | 'custom';
  /** Body bytes as they came (encoded). */
  readonly bytes: number;
  /** From the first message to the verdict. */
  readonly duration_ms: number;
}

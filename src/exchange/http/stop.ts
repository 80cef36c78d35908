import type { Dialect } from '../../dialects/types.ts';
import { refuse } from '../../refusals.ts';
import { buildDecision, type Judged } from '../build-decision.ts';
import { buildRefusal } from '../build-refusal.ts';
import type { Effect } from '../events.ts';
import type { Subject } from '../subject.ts';

/** How a request is stopped. */
export interface Stop {
  readonly subject: Subject;
  readonly judged: Judged;
  /** What the client is told in place of the catalogue's text. */
  readonly message: string | undefined;
  /** In whose shape the client is told on a path without a dialect. */
  readonly fallbackDialect: Dialect;
  /** Bytes of the body as they came. */
  readonly bytes: number;
  /** Monotonic, milliseconds. */
  readonly now: number;
}

/** The answer where the process holds all it may and there is nothing to record. */
export function overloadEffect(dialect: Dialect): Effect {
  return { kind: 'immediate', response: buildRefusal(refuse('overloaded'), dialect, undefined) };
}

/** The answer to the client and the record of it. A block has the status of its route, a refusal that of its row. */
export function stopEffects({
  subject,
  judged,
  message,
  fallbackDialect,
  bytes,
  now,
}: Stop): readonly Effect[] {
  const code = judged.code ?? 'policy_violation';
  const status = code === 'policy_violation' ? subject.route.blockStatus : undefined;
  const decision = buildDecision(subject, judged, bytes, now);
  const response = buildRefusal(
    refuse(code, { status, message }),
    subject.dialect ?? fallbackDialect,
    decision,
  );
  return [
    { kind: 'immediate', response },
    { kind: 'decision', decision },
  ];
}

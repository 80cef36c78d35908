import type { Dialect, HeaderLine } from '../../dialects/types.ts';
import type { Refusal } from '../../refusals.ts';
import type { Decision } from '../decision.ts';
import type { ImmediateReply } from '../events.ts';
import { decisionHeader, decisionMetadata } from './decision.ts';

/** Seconds after which a request that was refused for lack of room is worth another try. */
const RETRY_AFTER_SECONDS = '1';

/**
 * The answer to a request that does not go upstream (design 5.4).
 *
 * @param dialect in whose shape the client expects an error
 */
export function buildRefusal(refusal: Refusal, dialect: Dialect, decision: Decision): ImmediateReply {
  const headers: HeaderLine[] = [
    { name: 'content-type', value: 'application/json' },
    { name: 'x-tiergate-decision', value: decisionHeader(decision) },
    // Clients of both SDK families repeat a refused request unless told that it cannot succeed.
    refusal.retryAfter
      ? { name: 'retry-after', value: RETRY_AFTER_SECONDS }
      : { name: 'x-should-retry', value: 'false' },
  ];
  return {
    status: refusal.status,
    headers,
    body: Buffer.from(dialect.refusalBody(refusal)),
    details: refusal.details,
    metadata: decisionMetadata(decision),
  };
}

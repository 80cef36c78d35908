import type { Dialect, HeaderLine } from '../dialects/types.ts';
import type { Refusal } from '../refusals.ts';
import { decisionHeader, decisionMetadata } from './build-decision.ts';
import type { Decision } from './decision.ts';
import type { ImmediateReply } from './events.ts';

/** Seconds after which a request that was refused for lack of room is worth another try. */
const RETRY_AFTER_SECONDS = '1';
const UPGRADE_REQUIRED = 426;
/**
 * A 426 has to name a protocol (RFC 9110, section 15.5.22), and `connection` has to name the header. Envoy lets the two
 * through together or not at all, and takes them off answers over HTTP/2 (measured on Envoy 1.36–1.40).
 */
const UPGRADE: readonly HeaderLine[] = [
  { name: 'upgrade', value: 'websocket' },
  { name: 'connection', value: 'upgrade' },
];

/**
 * The answer to a request that does not go upstream (design 5.4).
 *
 * @param dialect in whose shape the client expects an error
 * @param decision undefined where nothing is recorded
 */
export function buildRefusal(
  refusal: Refusal,
  dialect: Dialect,
  decision: Decision | undefined,
): ImmediateReply {
  const headers: HeaderLine[] = [
    { name: 'content-type', value: 'application/json' },
    // Clients of both SDK families repeat a refused request unless told that it cannot succeed.
    refusal.retryAfter
      ? { name: 'retry-after', value: RETRY_AFTER_SECONDS }
      : { name: 'x-should-retry', value: 'false' },
  ];
  if (refusal.status === UPGRADE_REQUIRED) headers.push(...UPGRADE);
  if (decision !== undefined) headers.push({ name: 'x-tiergate-decision', value: decisionHeader(decision) });
  return {
    status: refusal.status,
    headers,
    body: Buffer.from(dialect.refusalBody(refusal)),
    details: refusal.details,
    ...(decision === undefined ? {} : { metadata: decisionMetadata(decision) }),
  };
}

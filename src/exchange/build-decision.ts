import { cutText } from '../dialects/text.ts';
import type { Outcome } from '../policy/types.ts';
import type { RefusalCode } from '../refusals.ts';
import type { Decision } from './decision.ts';
import { isEnforced } from './enforcement.ts';
import type { DynamicMetadata } from './events.ts';
import { nothingJudged } from './judge.ts';
import type { Judgement } from './judgement.ts';
import type { Subject } from './subject.ts';

/** Most bytes of a text of the request that a decision holds. */
const MAX_TEXT_BYTES = 128;
/** Most characters of a rule's name in the header of a refusal. */
const MAX_HEADER_RULE = 128;

/** What a decision takes of a judgement; a refusal that needs none has an empty one. */
export type Judged = Pick<
  Judgement,
  | 'action'
  | 'enforced'
  | 'code'
  | 'claims'
  | 'modelAsked'
  | 'modelMatched'
  | 'tierAsked'
  | 'tierSent'
  | 'rule'
  | 'reports'
>;

/** What is known of a request that was refused before anything of it was judged. */
export function unjudged(subject: Subject, code: RefusalCode): Judged {
  return { ...nothingJudged(isEnforced(subject)), action: 'refuse', code };
}

/**
 * The record of one judged request (design 7.4).
 *
 * @param bytes of the body as they came
 * @param now monotonic, milliseconds
 */
export function buildDecision(subject: Subject, judged: Judged, bytes: number, now: number): Decision {
  const { opening, head, route, identity } = subject;
  const { scope } = identity;
  return {
    time: new Date(opening.time).toISOString(),
    id: opening.id,
    request_id: head.requestId === undefined ? undefined : cutText(head.requestId, MAX_TEXT_BYTES),
    transport: 'http',
    route: route.name,
    dialect: subject.dialectName,
    session: undefined,
    stream_id: undefined,
    captured_model: undefined,
    scope: scope.kind === 'known' ? cutText(scope.name, MAX_TEXT_BYTES) : undefined,
    scope_evidence: identity.scopeEvidence,
    user: identity.user === undefined ? undefined : cutText(identity.user, MAX_TEXT_BYTES),
    claims: judged.claims.map((claim) => ({
      ...claim,
      model_asked: cutText(claim.model_asked, MAX_TEXT_BYTES),
      model_matched: cutText(claim.model_matched, MAX_TEXT_BYTES),
    })),
    model_asked: cutText(judged.modelAsked, MAX_TEXT_BYTES),
    model_matched: cutText(judged.modelMatched, MAX_TEXT_BYTES),
    tier_asked: judged.tierAsked,
    tier_sent: judged.tierSent,
    tier_served: undefined,
    action: judged.action,
    enforced: judged.enforced,
    enforcement: isEnforced(subject) ? 'enforce' : 'report',
    code: judged.code,
    rule: judged.rule,
    reports: judged.reports,
    revision: subject.policy?.revision ?? 0,
    strictness: route.strictnessName,
    bytes,
    duration_ms: Math.max(0, now - subject.startedAt),
  };
}

/** The decision as Envoy's dynamic metadata: flat, for the access log; absent values are left out. */
export function decisionMetadata(decision: Decision): DynamicMetadata {
  const metadata: Record<string, string | number | boolean> = {
    id: decision.id,
    action: decision.action,
    enforced: decision.enforced,
    route: decision.route,
    dialect: decision.dialect,
    revision: decision.revision,
    model_asked: decision.model_asked,
    model_matched: decision.model_matched,
  };
  if (decision.rule !== undefined) metadata['rule'] = decision.rule;
  if (decision.code !== undefined) metadata['code'] = decision.code;
  if (decision.tier_asked !== undefined) metadata['tier_asked'] = decision.tier_asked;
  if (decision.tier_sent !== undefined) metadata['tier_sent'] = decision.tier_sent;
  return metadata;
}

/** The value of `x-tiergate-decision`: printable ASCII of bounded length, for example `block; rule=a; tier=priority`. */
export function decisionHeader(decision: Decision): string {
  const parts: string[] = [decision.action satisfies Outcome];
  if (decision.code !== undefined) parts.push(`code=${decision.code}`);
  if (decision.rule !== undefined) parts.push(`rule=${encodeRule(decision.rule)}`);
  if (decision.tier_asked !== undefined) parts.push(`tier=${decision.tier_asked}`);
  return parts.join('; ');
}

/** Percent-encoded, and cut between characters. */
function encodeRule(name: string): string {
  let encoded = '';
  for (const character of name.toWellFormed()) {
    const next = encodeURIComponent(character);
    if (encoded.length + next.length > MAX_HEADER_RULE) break;
    encoded += next;
  }
  return encoded;
}

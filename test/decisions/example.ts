import type { Decision } from '../../src/exchange/decision.ts';

/** A decision as the HTTP exchange makes it, with `changes` laid over it. */
export function decisionOf(changes: Partial<Decision> = {}): Decision {
  return {
    time: '2026-01-01T00:00:00.000Z',
    id: '0123456789abcdef0123456789abcdef',
    request_id: 'request-1',
    transport: 'http',
    route: 'default',
    dialect: 'openai-responses',
    session: undefined,
    stream_id: undefined,
    captured_model: undefined,
    scope: 'apikey',
    scope_evidence: 'default',
    user: undefined,
    claims: [],
    model_asked: 'gpt-5.5',
    model_matched: 'gpt-5.5',
    tier_asked: 'priority',
    tier_sent: undefined,
    tier_served: undefined,
    action: 'filter',
    enforced: true,
    enforcement: 'enforce',
    code: undefined,
    rule: 'rule-1',
    reports: [],
    revision: 3,
    strictness: 'compatible',
    bytes: 120,
    duration_ms: 0.4,
    ...changes,
  };
}

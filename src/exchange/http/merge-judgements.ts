import type { Outcome } from '../../policy/types.ts';
import type { Judgement } from '../judgement.ts';

/** Strictness of outcomes (design 4.3). */
const RANK: Readonly<Record<Outcome, number>> = { pass: 0, force: 1, filter: 2, block: 3, refuse: 4 };

/**
 * The judgement of a request whose headers were judged and sent on before its body came: the body's bytes, the header
 * claims as they were really treated, and the stricter of the two outcomes.
 */
export function mergeJudgements(headers: Judgement, body: Judgement): Judgement {
  const early = new Map(headers.claims.map((claim) => [claim.carrier, claim]));
  const decisive = RANK[headers.action] > RANK[body.action] ? headers : body;
  return {
    ...decisive,
    modelAsked: body.modelAsked,
    modelMatched: body.modelMatched,
    body: body.body,
    headers: headers.headers,
    claims: body.claims.map((claim) => early.get(claim.carrier) ?? claim),
  };
}

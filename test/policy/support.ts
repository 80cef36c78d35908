import { readFileSync } from 'node:fs';
import { compilePolicy } from '../../src/policy/compile.ts';
import { type DecideRequest, decide } from '../../src/policy/decide.ts';
import type { PolicyDocument } from '../../src/policy/schema.ts';
import { COMPATIBLE } from '../../src/policy/strictness.ts';
import type { AskedModel, AskedTier, Claim, ModelMapping, Tier, Verdict } from '../../src/policy/types.ts';
import { validatePolicy } from '../../src/policy/validate.ts';
import { ASKED_INVALID, ASKED_NULL, ASKED_UNKNOWN, askedTier } from '../../src/policy/words.ts';

export const NO_MAPPING: ModelMapping = { aliases: {}, normalize: 'none' };
export const SCOPES = ['team-a', 'team-b'];

/** A valid document from rules as an operator writes them; throws with the faults where it is not valid. */
export function documentOf(...rules: readonly Record<string, unknown>[]): PolicyDocument {
  const result = validatePolicy({ rules }, { scopes: SCOPES });
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.document;
}

/** A rule with the given members; scope all where none is given. */
export function rule(members: Record<string, unknown>): Record<string, unknown> {
  return { scope: 'all', ...members };
}

export function modelOf(word: string | undefined): AskedModel {
  return word === undefined ? { kind: 'absent' } : { kind: 'known', word };
}

/** A claim for what stands in `service_tier`: a tier, or one of the odd kinds. */
export function claim(
  asked: Tier | 'unknown' | 'invalid' | 'null',
  model: AskedModel = modelOf('gpt-5.5'),
  carrier = 'body:service_tier',
): Claim {
  const odd: Readonly<Record<string, AskedTier>> = {
    unknown: ASKED_UNKNOWN,
    invalid: ASKED_INVALID,
    null: ASKED_NULL,
  };
  return { carrier, word: asked, asked: odd[asked] ?? askedTier(asked as Tier), model };
}

/** Decides over rules as an operator writes them, with the defaults of the compatible preset. */
export function judge(
  rules: readonly Record<string, unknown>[],
  request: Partial<Omit<DecideRequest, 'policy'>> = {},
): Verdict {
  return decide({
    policy: compilePolicy(documentOf(...rules)),
    claims: [claim('priority')],
    requestModel: modelOf('gpt-5.5'),
    scope: { kind: 'known', name: 'apikey' },
    user: undefined,
    strictness: COMPATIBLE,
    models: NO_MAPPING,
    ...request,
  });
}

export interface VectorCase {
  readonly id: string;
  readonly kind: string;
  readonly policy: unknown;
  readonly [member: string]: unknown;
}

/** The cases of one kind of a vector file. */
export function vectors(file: 'seed' | 'companion', kind: string): VectorCase[] {
  const text = readFileSync(new URL(`../vectors/${file}.json`, import.meta.url), 'utf8');
  const { cases } = JSON.parse(text) as { cases: VectorCase[] };
  return cases.filter((one) => one.kind === kind);
}

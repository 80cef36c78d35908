import { describe, expect, it } from 'vitest';
import { compilePolicy } from '../../src/policy/compile.ts';
import { decide } from '../../src/policy/decide.ts';
import { DEFAULT_POLICY } from '../../src/policy/defaults.ts';
import { COMPATIBLE, STRICT } from '../../src/policy/strictness.ts';
import type { AskedTier, Claim, Strictness, Tier, Verdict } from '../../src/policy/types.ts';
import { validatePolicy } from '../../src/policy/validate.ts';
import { ASKED_INVALID, ASKED_NULL, readTier } from '../../src/policy/words.ts';
import { modelOf, NO_MAPPING, vectors } from './support.ts';

const WORDS: Readonly<Record<string, Tier>> = {
  flex: 'flex',
  default: 'default',
  auto: 'auto',
  scale: 'scale',
  priority: 'priority',
  fast: 'priority',
  ultrafast: 'ultrafast',
};

interface Expected {
  readonly action: string;
  readonly message?: string;
  readonly code?: string;
}

interface JudgedCase {
  readonly id: string;
  readonly kind: string;
  readonly policy: unknown;
  readonly input: string;
  readonly scope?: string | null;
  readonly user?: string;
  readonly expect: Expected;
  readonly strict?: Expected;
}

const CASES = [...vectors('companion', 'rule'), ...vectors('seed', 'body')] as unknown as JudgedCase[];

/** What `JSON.parse` sees, as a claim: independent of the product's reader and dialects. */
function verdictOf(one: JudgedCase, strictness: Strictness): Verdict {
  const body = JSON.parse(one.input) as Record<string, unknown>;
  const word = body['service_tier'];
  const model = modelOf(typeof body['model'] === 'string' ? body['model'] : undefined);
  const asked: AskedTier =
    typeof word === 'string' ? readTier(word, WORDS, {}) : word === null ? ASKED_NULL : ASKED_INVALID;
  const text = typeof word === 'string' ? word : undefined;
  const claims: Claim[] =
    word === undefined ? [] : [{ carrier: 'body:service_tier', word: text, asked, model }];
  const validated = validatePolicy(one.policy, { scopes: [] });
  if (!validated.ok) throw new Error(JSON.stringify(validated.faults));
  return decide({
    policy: compilePolicy(validated.document),
    claims,
    requestModel: model,
    scope: one.scope === null ? { kind: 'untold' } : { kind: 'known', name: one.scope ?? 'apikey' },
    user: one.user,
    strictness,
    models: NO_MAPPING,
  });
}

function expectVerdict(verdict: Verdict, expected: Expected): void {
  expect(verdict.action).toBe(expected.action);
  if (expected.message !== undefined) expect(verdict.decisive?.message).toBe(expected.message);
  if (expected.code !== undefined) expect(verdict.decisive?.code).toBe(expected.code);
}

describe('cases of the original', () => {
  it('are all there', () => {
    expect(CASES.length).toBeGreaterThan(50);
  });

  it.each(CASES.map((one) => [one.id, one] as const))('%s, compatible', (_, one) => {
    expectVerdict(verdictOf(one, COMPATIBLE), one.expect);
  });

  it.each(CASES.map((one) => [one.id, one] as const))('%s, strict', (_, one) => {
    expectVerdict(verdictOf(one, STRICT), one.strict ?? one.expect);
  });
});

describe('validation cases', () => {
  const cases = vectors('companion', 'validation');

  it.each(cases.map((one) => [one.id, one] as const))('%s', (_, one) => {
    const result = validatePolicy(one.policy, { scopes: [] });
    expect(result.ok).toBe((one['faults_at'] as string[]).length === 0);
    const paths = result.ok ? [] : result.faults.map((fault) => fault.path);
    expect(paths).toEqual(one['faults_at']);
  });
});

describe('DEFAULT_POLICY', () => {
  it('is valid, stored as it stands, and takes priority and ultrafast away', () => {
    const result = validatePolicy(DEFAULT_POLICY, { scopes: [] });
    expect(result).toEqual({ ok: true, document: DEFAULT_POLICY, lint: [] });
    const request = {
      policy: compilePolicy(DEFAULT_POLICY),
      requestModel: modelOf('m'),
      scope: { kind: 'untold' },
      user: undefined,
      strictness: COMPATIBLE,
      models: NO_MAPPING,
    } as const;
    const actionFor = (word: string) =>
      decide({
        ...request,
        claims: [{ carrier: 'c', word, asked: readTier(word, WORDS, {}), model: modelOf('m') }],
      }).action;
    expect(['flex', 'default', 'auto', 'scale', 'fast', 'ultrafast'].map(actionFor)).toEqual([
      'pass',
      'pass',
      'pass',
      'pass',
      'filter',
      'filter',
    ]);
  });
});

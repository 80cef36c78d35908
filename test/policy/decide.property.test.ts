import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePolicy } from '../../src/policy/compile.ts';
import { type DecideRequest, decide } from '../../src/policy/decide.ts';
import { COMPATIBLE, STRICT } from '../../src/policy/strictness.ts';
import { OUTCOMES, TIERS } from '../../src/policy/tiers.ts';
import type { AskedModel, Outcome, Strictness } from '../../src/policy/types.ts';
import { claim, documentOf, modelOf } from './support.ts';

const MODELS = ['gpt-5.5', 'gpt-5.5-mini', 'gpt-4o', 'house'];
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const action = fc.constantFrom('pass', 'filter', 'block', 'force', 'force_priority');

const anyRule = fc.record({
  enabled: maybe(fc.boolean()),
  mode: maybe(fc.constantFrom('enforce', 'report')),
  service_tier: maybe(fc.constantFrom(...TIERS, 'all', 'missing', 'unknown', 'invalid')),
  action,
  force_tier: fc.constantFrom('flex', 'ultrafast'),
  scope: fc.oneof(fc.constantFrom('all', 'oauth', 'team-a'), fc.constant(['apikey', 'oauth'])),
  model_whitelist: maybe(fc.subarray(['gpt-5.5', 'gpt-5.5*', 'gpt-*', '*', 'gpt-5.4'])),
  fallback_action: maybe(action),
  user_ids: maybe(fc.subarray(['u', 'v', 7])),
});
type AnyRule = typeof anyRule extends fc.Arbitrary<infer T> ? T : never;

const anyModel: fc.Arbitrary<AskedModel> = fc.oneof(
  fc.constantFrom(...MODELS, ' gpt-5.5 ', ' ').map(modelOf),
  fc.constantFrom<AskedModel>({ kind: 'absent' }, { kind: 'unavailable' }),
);
const anyClaim = fc
  .tuple(fc.constantFrom(...TIERS, 'unknown' as const, 'invalid' as const, 'null' as const), anyModel)
  .map(([asked, model]) => claim(asked, model));
const anyStrictness: fc.Arbitrary<Strictness> = fc
  .record(
    Object.fromEntries(
      Object.keys(STRICT).map((line) => [
        line,
        fc.constantFrom(STRICT[line as keyof Strictness], COMPATIBLE[line as keyof Strictness]),
      ]),
    ),
  )
  .map((lines) => lines as unknown as Strictness);
const anyRequest = fc.record({
  claims: fc.array(anyClaim, { maxLength: 4 }),
  requestModel: anyModel,
  scope: fc.oneof(
    fc.constantFrom('oauth', 'apikey', 'team-a', 'bedrock').map((name) => ({ kind: 'known' as const, name })),
    fc.constant({ kind: 'untold' as const }),
  ),
  user: maybe(fc.constantFrom('u', '7', 'w')),
  strictness: anyStrictness,
  models: fc.constantFrom(
    { aliases: {}, normalize: 'none' as const },
    { aliases: { house: 'gpt-5.5', 'gpt-4*': 'gpt-5.5-mini' }, normalize: 'none' as const },
    { aliases: { 'hous*': 'gpt-5' }, normalize: 'codex' as const },
  ),
});
type AnyRequest = Omit<DecideRequest, 'policy'>;
const anyPolicy = fc.array(anyRule, { maxLength: 6 });

function run(rules: readonly AnyRule[], request: AnyRequest) {
  return decide({ ...request, policy: compilePolicy(documentOf(...rules)) });
}

/** The served model, worked out for the three mappings above and no other. */
function servedModel(model: AskedModel, models: AnyRequest['models']): string {
  let word = model.kind === 'known' ? model.word.trim() : '';
  if (word === 'house') word = models.aliases['house'] ?? models.aliases['hous*'] ?? word;
  if (word === 'gpt-4o') word = models.aliases['gpt-4*'] ?? word;
  if (models.normalize === 'none') return word;
  return word === '' || word === 'gpt-5' ? 'gpt-5.4' : word;
}

interface Naive {
  readonly action: Outcome;
  readonly by: number | undefined;
}

/** The rules for one subject, read straight from the document: filter, sort, find. */
function naiveJudge(
  rules: readonly AnyRule[],
  subject: string,
  model: AskedModel,
  request: AnyRequest,
): Naive {
  const { strictness, scope } = request;
  const order = [
    ...rules.filter((one) => one.user_ids?.some((id) => `${id}` === request.user)),
    ...rules.filter((one) => !one.user_ids?.length),
  ];
  const hit = order.find((one) => {
    if (one.enabled === false || one.mode === 'report') return false;
    const tier = one.service_tier ?? 'all';
    if (tier === 'all' ? !(TIERS as readonly string[]).includes(subject) : tier !== subject) return false;
    const scopes = [one.scope].flat();
    if (scopes.includes('all')) return true;
    if (scope.kind === 'known') return scopes.includes(scope.name);
    const would = naiveAction(one, model, request);
    return strictness.untold_scope === 'every_scope' && (would === 'block' || would === 'filter');
  });
  return hit === undefined
    ? { action: 'pass', by: undefined }
    : { action: naiveAction(hit, model, request), by: rules.indexOf(hit) };
}

function naiveAction(one: AnyRule, model: AskedModel, request: AnyRequest): Outcome {
  const read = (word: string): Outcome => (word === 'force_priority' ? 'force' : (word as Outcome));
  const own = read(one.action);
  const other = read(one.fallback_action ?? 'pass');
  if (!one.model_whitelist?.length) return own;
  const unknown = model.kind !== 'known' || model.word.trim() === '';
  if (model.kind === 'unavailable' || (unknown && request.strictness.missing_model === 'stricter')) {
    return OUTCOMES.indexOf(other) > OUTCOMES.indexOf(own) ? other : own;
  }
  const served = servedModel(model, request.models);
  const listed = one.model_whitelist.some((pattern) =>
    pattern.endsWith('*') ? served.startsWith(pattern.slice(0, -1)) : pattern === served,
  );
  return listed ? own : other;
}

function naiveOutcomes(rules: readonly AnyRule[], request: AnyRequest): Naive[] {
  const asking = request.claims.filter((one) => one.asked.kind !== 'null');
  const outcomes = asking.map((one): Naive => {
    const subject = one.asked.kind === 'known' ? one.asked.tier : one.asked.kind;
    const judged = naiveJudge(rules, subject, one.model, request);
    const line = subject === 'unknown' ? 'unknown_tier' : subject === 'invalid' ? 'invalid_tier' : undefined;
    const refused = judged.by === undefined && line !== undefined && request.strictness[line] === 'refuse';
    return refused ? { action: 'refuse', by: undefined } : judged;
  });
  if (asking.length > 0) return outcomes;
  const onlyNull = request.claims.length > 0;
  if (onlyNull && request.strictness.null_tier === 'absent') return [];
  return [naiveJudge(rules, 'missing', request.requestModel, request)];
}

describe('decide', () => {
  it('agrees with a naive reading of the rules', () => {
    fc.assert(
      fc.property(anyPolicy, anyRequest, (rules, request) => {
        const verdict = run(rules, request);
        const expected = naiveOutcomes(rules, request);
        const worst = Math.max(0, ...expected.map((one) => OUTCOMES.indexOf(one.action)));
        expect(verdict.action).toBe(OUTCOMES[worst]);
        const decided = [...verdict.outcomes, ...(verdict.missing ? [verdict.missing] : [])];
        expect(decided.filter((one) => one.rule !== undefined).map((one) => one.ruleIndex)).toEqual(
          expected.flatMap((one) => (one.by === undefined ? [] : [one.by])),
        );
        if (verdict.decisive !== undefined) expect(verdict.decisive.action).toBe(verdict.action);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never changes its action for a rule that is disabled or only reports', () => {
    const idle = anyRule.chain((one) =>
      fc.constantFrom<AnyRule>({ ...one, enabled: false }, { ...one, mode: 'report' }),
    );
    fc.assert(
      fc.property(anyPolicy, anyRequest, idle, fc.nat(), (rules, request, added, place) => {
        const more = rules.toSpliced(place % (rules.length + 1), 0, added);
        const before = run(rules, request);
        const after = run(more, request);
        expect(after.action).toBe(before.action);
        expect(after.outcomes.map((one) => one.action)).toEqual(before.outcomes.map((one) => one.action));
      }),
      { numRuns: 1_000 },
    );
  });

  it('reaches the same action for the claims in any order', () => {
    fc.assert(
      fc.property(anyPolicy, anyRequest, (rules, request) => {
        const backwards = { ...request, claims: [...request.claims].reverse() };
        expect(run(rules, backwards).action).toBe(run(rules, request).action);
      }),
      { numRuns: 500 },
    );
  });

  it('gives a force its tier, a block its message, a refusal its code, and nothing else', () => {
    fc.assert(
      fc.property(anyPolicy, anyRequest, (rules, request) => {
        const verdict = run(rules, request);
        for (const one of [...verdict.outcomes, ...(verdict.missing ? [verdict.missing] : [])]) {
          expect(one.forceTier !== undefined).toBe(one.action === 'force');
          expect(one.message !== undefined).toBe(one.action === 'block');
          expect(one.code !== undefined).toBe(one.action === 'refuse');
        }
      }),
      { numRuns: 500 },
    );
  });
});

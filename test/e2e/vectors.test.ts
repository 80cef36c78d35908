import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningEnvoy } from '../../tools/envoy/launch.ts';
import type { RequestMode } from '../../tools/envoy/reference.ts';
import { type RunningTiergate, startTiergate } from '../../tools/envoy/tiergate.ts';
import { type Answer, json } from './support/answer.ts';
import { expectHealthyExtProc } from './support/expect.ts';
import { header, type MockProvider, startProvider } from './support/provider.ts';
import { send } from './support/send.ts';
import { startEnvoy } from './support/stack.ts';
import { type BodyCase, bodyCasesByPolicy, type Expectation } from './support/vectors.ts';

const MODES: readonly RequestMode[] = ['BUFFERED', 'FULL_DUPLEX_STREAMED', 'STREAMED'];

/** Scope and user of a case come in headers, which the test sets as a trusted Envoy would. */
const IDENTITY = {
  scopes: ['vip'],
  identity: {
    scope: { sources: [{ kind: 'header', name: 'x-team-scope' }] },
    user: { sources: [{ kind: 'header', name: 'x-team-user' }] },
  },
};

/** Stands between the policies of two groups: where they mean the same, Tiergate sees no change and makes no revision. */
const BETWEEN = { rules: [{ name: 'between', service_tier: 'scale', action: 'pass', scope: 'all' }] };

function headersOf(one: BodyCase): Record<string, string> {
  return {
    ...one.headers,
    ...(typeof one.scope === 'string' ? { 'x-team-scope': one.scope } : {}),
    ...(one.user === undefined ? {} : { 'x-team-user': one.user }),
  };
}

function errorOf(answer: Answer): { readonly code?: string; readonly message?: string } {
  return (json(answer) as { error: { code?: string; message?: string } }).error;
}

/** One Tiergate serves three Envoys, one for each body mode: the mode is told by each stream. */
describe.each(['compatible', 'strict'] as const)('the vectors end to end, %s', (strictness) => {
  const envoys = new Map<RequestMode, RunningEnvoy>();
  let provider: MockProvider;
  let tiergate: RunningTiergate;
  let policyInForce: unknown = { rules: [] };

  beforeAll(async () => {
    provider = await startProvider();
    tiergate = await startTiergate({ strictness, policy: policyInForce, config: IDENTITY });
    for (const mode of MODES) envoys.set(mode, await startEnvoy({ mode }, tiergate, provider));
  });
  afterAll(async () => {
    for (const envoy of envoys.values()) await envoy.stop();
    await tiergate?.stop();
    await provider?.stop();
  });

  describe.each([...bodyCasesByPolicy().values()])('policy of $id and others', (...cases) => {
    beforeEach(async () => {
      const policy = cases[0]?.policy;
      if (JSON.stringify(policy) === JSON.stringify(policyInForce)) return;
      await tiergate.changePolicy(BETWEEN);
      await tiergate.changePolicy(policy);
      policyInForce = policy;
    });

    describe.each(cases)('$id', (one) => {
      const expected = strictness === 'strict' ? (one.strict ?? one.expect) : one.expect;
      it.each(MODES)(`${expected.action}, %s`, (mode) => check(one, expected, mode));
    });
  });

  it('leave no Envoy with a complaint', async () => {
    for (const envoy of envoys.values()) await expectHealthyExtProc(envoy);
  });

  async function check(one: BodyCase, expected: Expectation, mode: RequestMode): Promise<void> {
    const port = envoys.get(mode)?.port('llm') ?? 0;
    const sent = await send(port, {
      path: one.path ?? '/v1/responses',
      headers: headersOf(one),
      body: Buffer.from(one.input, 'utf8'),
    });
    if (expected.action === 'block' || expected.action === 'refuse') {
      const code = expected.code ?? 'policy_violation';
      expect([sent.status, errorOf(sent).code]).toEqual([expected.action === 'block' ? 403 : 400, code]);
      if (expected.message !== undefined) expect(errorOf(sent).message).toBe(expected.message);
      const arrived = provider.seen.filter((request) => header(request, 'x-case') === sent.name);
      // In STREAMED the headers may have gone ahead, the body never.
      if (mode === 'STREAMED') expect(arrived.filter(({ body }) => body.length > 0)).toEqual([]);
      else expect(arrived).toEqual([]);
      return;
    }
    expect([sent.status, sent.body.toString()]).toEqual([200, expect.any(String)]);
    const seen = await provider.request(sent.name);
    expect(seen.body.toString()).toBe(expected.output === 'same' ? one.input : expected.output);
    if (one.kind === 'anthropic_fast_mode') expect(header(seen, 'anthropic-beta')).toBeUndefined();
  }
});

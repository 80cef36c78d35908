import { describe, expect, it } from 'vitest';
import { expectNoComplaint } from './support/expect.ts';
import { POLICY } from './support/policy.ts';
import { useContainers } from './support/stack.ts';

describe('HTTP through containers', () => {
  const containers = useContainers({ policy: POLICY });

  it('takes a tier out of the body and changes nothing else', async () => {
    const answer = await containers().post(
      'filter',
      '{"model":"gpt-5.5","service_tier":"priority","input":"hi"}',
    );
    expect(answer.status).toBe(200);
    expect((await containers().seen('filter'))?.texts).toEqual(['{"model":"gpt-5.5","input":"hi"}']);
    const decision = await containers().tiergate.decision(({ action }) => action === 'filter');
    expect(decision).toMatchObject({ transport: 'http', rule: 'no-priority', tier_asked: 'priority' });
  });

  it('blocks with its own 403; the provider hears nothing of it', async () => {
    const answer = await containers().post('block', '{"model":"gpt-5.5","service_tier":"ultrafast"}');
    expect(answer.status).toBe(403);
    expect(answer.headers.get('x-tiergate-decision')).not.toBeNull();
    expect(await answer.json()).toEqual({
      error: {
        message: 'ultrafast is not part of our plan',
        type: 'permission_error',
        param: 'service_tier',
        code: 'policy_violation',
      },
    });
    expect(await containers().seen('block')).toBeUndefined();
  });

  it('lets other tiers pass byte for byte', async () => {
    const body = '{ "service_tier" : "flex",\n"model":"gpt-5.5" , "input":"\\ud800" }';
    const answer = await containers().post('pass', body);
    expect(answer.status).toBe(200);
    expect((await containers().seen('pass'))?.texts).toEqual([body]);
  });

  it('leaves Envoy without a complaint', async () => {
    expectNoComplaint(await containers().extProcStats());
  });
});

import { describe, expect, it } from 'vitest';
import type { StartedTiergateContainer } from '../../src/testcontainers/index.ts';
import { waitFor } from '../../tools/envoy/wait-for.ts';
import { expectNoComplaint } from './support/expect.ts';
import { POLICY } from './support/policy.ts';
import { type ContainerStack, useContainers } from './support/stack.ts';

const TIERGATE = ['/nodejs/bin/node', '/app/dist/cli/main.js'];
const FLEX = '{"model":"gpt-5.5","service_tier":"flex"}';

/** What is saved while both replicas run. */
const STRICTER = {
  rules: [{ name: 'no-flex', service_tier: 'flex', action: 'block', scope: 'all' }, ...POLICY.rules],
};

/** The revision in force, as `/metrics` shows it. */
async function revisionOf(tiergate: StartedTiergateContainer): Promise<number> {
  const text = await (await fetch(`${tiergate.getOpsUrl()}/metrics`)).text();
  return Number(/^tiergate_policy_revision(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1]);
}

/** The answers to some requests, one after the other, so that Envoy asks both replicas. */
async function statuses(stack: ContainerStack, name: string, body: string): Promise<number[]> {
  const all: number[] = [];
  for (let count = 0; count < 6; count += 1) {
    const answer = await stack.post(`${name}-${count}`, body);
    await answer.arrayBuffer();
    all.push(answer.status);
  }
  return all;
}

describe('two replicas that share a Redis', () => {
  const containers = useContainers({ policy: POLICY, replicas: 2 });

  it('start with the policy of the file as one revision, and both are asked', async () => {
    const stack = containers();
    expect(await Promise.all(stack.replicas.map(revisionOf))).toEqual([1, 1]);
    expect(new Set(await statuses(stack, 'before', FLEX))).toEqual(new Set([200]));
    for (const replica of stack.replicas) {
      expect(await replica.decision()).toMatchObject({ action: 'pass', tier_asked: 'flex', revision: 1 });
    }
  });

  it('judge by a policy that is saved at one of them', async () => {
    const stack = containers();
    const file = '/tmp/policy.json';
    await stack.tiergate.copyContentToContainer([{ content: JSON.stringify(STRICTER), target: file }]);
    const saved = await stack.tiergate.exec([...TIERGATE, 'policy', 'put', file, '--note', 'no flex']);
    expect([saved.exitCode, saved.stderr]).toEqual([0, '']);
    for (const replica of stack.replicas) {
      await waitFor('revision 2', async () => ((await revisionOf(replica)) === 2 ? true : undefined));
    }
    expect(new Set(await statuses(stack, 'after', FLEX))).toEqual(new Set([403]));
    for (const replica of stack.replicas) {
      const decision = await replica.decision(({ action }) => action === 'block');
      expect(decision).toMatchObject({ rule: 'no-flex', revision: 2 });
    }
    const history = await stack.replicas[1]?.exec([...TIERGATE, 'policy', 'history']);
    expect(history?.stdout).toContain('no flex');
  });

  it('go on with that policy when Redis is gone', async () => {
    const stack = containers();
    await stack.redis?.stop();
    expect(new Set(await statuses(stack, 'gone', FLEX))).toEqual(new Set([403]));
    const filtered = await stack.post('gone-filter', '{"model":"gpt-5.5","service_tier":"priority"}');
    expect(filtered.status).toBe(200);
    expect((await stack.seen('gone-filter'))?.texts).toEqual(['{"model":"gpt-5.5"}']);
  });

  it('leave Envoy without a complaint', async () => {
    expectNoComplaint(await containers().extProcStats());
  });
});

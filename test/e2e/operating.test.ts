import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../tools/envoy/wait-for.ts';
import { json } from './support/answer.ts';
import { expectHealthyExtProc, expectRefusal } from './support/expect.ts';
import { send } from './support/send.ts';
import { type Stack, startStack, useStack } from './support/stack.ts';

const BODY = '{"model":"gpt-5.5","service_tier":"priority"}';
const MIB = 1024 * 1024;

describe('a first week in report', () => {
  const stack = useStack({ tiergate: { config: { policy: { enforcement: 'report' } } } });

  it('changes no byte, refuses nothing, and records what it would have done', async () => {
    const { port, provider, envoy, tiergate } = stack();
    const filtered = await send(port, { body: BODY });
    expect((await provider.request(filtered.name)).body.toString()).toBe(BODY);
    const malformed = await send(port, { body: '{"model":' });
    expect([malformed.status, (await provider.request(malformed.name)).body.toString()]).toEqual([
      200,
      '{"model":',
    ]);
    const decisions = await waitFor('the decisions', () => {
      const logged = tiergate.decisions();
      return logged.length === 2 ? logged : undefined;
    });
    expect(decisions).toMatchObject([
      { action: 'filter', enforced: false, tier_asked: 'priority' },
      { action: 'refuse', enforced: false, code: 'malformed_json' },
    ]);
    await expectHealthyExtProc(envoy);
  });
});

describe('a policy that is changed', () => {
  const stack = useStack();

  it('is in force for the next request, without a restart', async () => {
    const { port, tiergate } = stack();
    expect((await send(port, { body: BODY })).status).toBe(200);
    await tiergate.changePolicy({ rules: [{ service_tier: 'priority', action: 'block', scope: 'all' }] });
    expectRefusal(await send(port, { body: BODY }), 403, 'policy_violation');
  });
});

describe('a Unix socket', () => {
  let folder = '';
  let stack: Stack;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiergate-socket-'));
    stack = await startStack({ tiergate: { grpc: { socket: join(folder, 'ext_proc.sock') } } });
  });
  afterAll(async () => {
    await stack?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('carries requests like a port', async () => {
    const sent = await send(stack.port, { body: BODY });
    expect((await stack.provider.request(sent.name)).body.toString()).toBe('{"model":"gpt-5.5"}');
  });
});

describe.each(['BUFFERED', 'FULL_DUPLEX_STREAMED'] as const)('limits.held_total, %s', (mode) => {
  const limits = { drain_grace: '10ms', body: '8MiB', held_total: '64MiB' };
  const stack = useStack({ mode, tiergate: { config: { limits } } });

  it('refuses what does not fit with 503 and retry-after, lets nothing pass unseen, and goes on', async () => {
    const { port, envoy, tiergate, provider } = stack();
    const size = 8 * MIB - 1;
    const body = Buffer.alloc(size, 'a');
    Buffer.from('{"model":"gpt-5.5","service_tier":"priority","input":"').copy(body);
    body.write('"}', size - 2);
    const answers = await Promise.all(Array.from({ length: 40 }, () => send(port, { body })));
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    for (const answer of answers.filter(({ status }) => status === 503)) {
      expect(json(answer)).toMatchObject({ error: { code: 'overloaded' } });
      expect(answer.headers.get('retry-after')).toBeDefined();
    }
    const served = answers.filter(({ status }) => status === 200);
    expect(provider.seen.length).toBe(served.length);
    expect(provider.seen.filter((request) => request.body.includes('service_tier'))).toEqual([]);
    expect(tiergate.process.running).toBe(true);
    expect((await send(port, { body })).status).toBe(200);
    // A stream whose first message could not even be read ends with an error; none may pass unseen for it.
    const stats = await envoy.extProcStats();
    expect(stats.get('failure_mode_allowed') ?? 0).toBe(0);
    expect(stats.get('spurious_msgs_received') ?? 0).toBe(0);
  });
});

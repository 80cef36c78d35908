import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { type OpsServer, type Readiness, startOpsServer } from '../../src/telemetry/ops-server.ts';

const servers: OpsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(
  readiness: () => Readiness,
  onFault: (fault: unknown) => void = () => {},
): Promise<string> {
  const metrics = createMetrics(false);
  metrics.policyRevision.set(7);
  const server = await startOpsServer({
    host: '127.0.0.1',
    port: 0,
    registry: metrics.registry,
    readiness,
    onFault,
  });
  servers.push(server);
  return `http://${server.address}`;
}

const READY: Readiness = { ready: true, checks: { policy: 'revision 7' } };

describe('ops server', () => {
  it('answers liveness, readiness and metrics', async () => {
    const base = await start(() => READY);
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    const ready = await fetch(`${base}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual(READY);
    const metrics = await fetch(`${base}/metrics`);
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=/);
    expect(await metrics.text()).toContain('tiergate_policy_revision 7');
  });

  it('is alive yet not ready with a reason, so that nothing restarts a process that only lacks a policy', async () => {
    const base = await start(() => ({ ready: false, checks: { policy: 'policy.json:3:4 unknown action' } }));
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    const ready = await fetch(`${base}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ checks: { policy: 'policy.json:3:4 unknown action' } });
  });

  it('names its paths to who asks for another, and refuses other methods', async () => {
    const base = await start(() => READY);
    const unknown = await fetch(`${base}/policy`);
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ paths: ['/healthz', '/readyz', '/metrics'] });
    const post = await fetch(`${base}/metrics`, { method: 'POST', body: 'x' });
    expect(post.status).toBe(405);
    expect(post.headers.get('allow')).toBe('GET, HEAD');
    await post.arrayBuffer();
  });

  it('answers 500 when a check throws, reports it and goes on', async () => {
    const faults: unknown[] = [];
    let broken = true;
    const base = await start(
      () => {
        if (broken) throw new Error('check');
        return READY;
      },
      (fault) => faults.push(fault),
    );
    expect((await fetch(`${base}/readyz`)).status).toBe(500);
    broken = false;
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
    expect(faults.map(String)).toEqual(['Error: check']);
  });

  it('rejects with the error of the port in use', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as { port: number };
    const registry = createMetrics(false).registry;
    await expect(
      startOpsServer({ host: '127.0.0.1', port, registry, readiness: () => READY, onFault: () => {} }),
    ).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await new Promise((resolve) => blocker.close(resolve));
  });
});

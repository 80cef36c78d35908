import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningEnvoy } from '../../tools/envoy/launch.ts';
import { type Endpoint, envoyAddress, PLACES, type ReferenceConfig } from '../../tools/envoy/reference.ts';
import { type RunningTiergate, startTiergate } from '../../tools/envoy/tiergate.ts';
import { waitFor } from '../../tools/envoy/wait-for.ts';
import { type MockProvider, startProvider } from './support/provider.ts';
import { send } from './support/send.ts';
import { startEnvoy } from './support/stack.ts';

const BODY = '{"model":"gpt-5.5","service_tier":"priority"}';
const CLIENTS = 4;

/** With the drain times that a Tiergate has when its configuration says nothing. */
const AS_SHIPPED = { config: { limits: {} } };

describe('a rolling restart of two replicas', () => {
  let provider: MockProvider;
  let first: RunningTiergate;
  let second: RunningTiergate;
  let envoy: RunningEnvoy;

  beforeAll(async () => {
    provider = await startProvider();
    first = await startTiergate(AS_SHIPPED);
    second = await startTiergate(AS_SHIPPED);
    const endpoint = (grpc: Endpoint): unknown => ({ endpoint: { address: envoyAddress(grpc) } });
    const edit = (config: ReferenceConfig): void => {
      const endpoints = [...PLACES.tiergate, 'load_assignment', 'endpoints', 0, 'lb_endpoints'];
      config.set(endpoints, [endpoint(first.grpc), endpoint(second.grpc)]);
    };
    envoy = await startEnvoy({ edit }, first, provider);
  });
  afterAll(async () => {
    await envoy?.stop();
    await Promise.all([first?.stop(), second?.stop()]);
    await provider?.stop();
  });

  it('fails no request, from SIGTERM until well after the end of the process', async () => {
    const statuses = new Map<number, number>();
    let running = true;
    const client = async (): Promise<void> => {
      while (running) {
        const { status } = await send(envoy.port('llm'), { body: BODY });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const clients = Promise.all(Array.from({ length: CLIENTS }, client));
    await waitFor('traffic', () => ((statuses.get(200) ?? 0) > 20 ? true : undefined));
    const end = await first.process.stop(40_000);
    // Requests after the end would fail if Envoy still thought that it is there.
    const served = statuses.get(200) ?? 0;
    await waitFor('more traffic', () => ((statuses.get(200) ?? 0) > served + 100 ? true : undefined));
    running = false;
    await clients;
    expect(end).toEqual({ code: 0, signal: null });
    expect([...statuses.keys()]).toEqual([200]);
    const unseen = provider.seen.filter(({ body }) => body.includes('service_tier'));
    expect(unseen).toEqual([]);
  });
});

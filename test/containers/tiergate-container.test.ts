import { afterEach, describe, expect, it } from 'vitest';
import { type StartedTiergateContainer, TiergateContainer } from '../../src/testcontainers/index.ts';
import { createEnvoyDouble } from '../../src/testkit/index.ts';
import { TIERGATE_IMAGE } from './support/build-image.ts';
import { POLICY } from './support/policy.ts';

describe('TiergateContainer', () => {
  let tiergate: StartedTiergateContainer | undefined;
  afterEach(async () => {
    await tiergate?.stop();
    tiergate = undefined;
  });

  /** Asks for a tier. */
  async function ask(started: StartedTiergateContainer, tier: string, path = '/v1/responses') {
    const envoy = createEnvoyDouble({ server: started.getGrpcAddress(), requestBody: 'BUFFERED' });
    try {
      const body = JSON.stringify({ model: 'gpt-5.5', service_tier: tier });
      return await envoy.exchange({ path, headers: { 'content-type': 'application/json' }, body });
    } finally {
      envoy.close();
    }
  }

  it('has the built-in policy where none is given', async () => {
    tiergate = await new TiergateContainer(TIERGATE_IMAGE).start();
    expect((await ask(tiergate, 'priority')).upstream.text).toBe('{"model":"gpt-5.5"}');
    expect(tiergate.getGrpcAddress()).toBe(`${tiergate.getHost()}:${tiergate.getGrpcPort()}`);
    const metrics = await (await fetch(`${tiergate.getOpsUrl()}/metrics`)).text();
    expect(metrics).toContain('tiergate_policy_revision');
  });

  it('takes policy, strictness and configuration, and keeps the ports of the container', async () => {
    tiergate = await new TiergateContainer(TIERGATE_IMAGE)
      .withPolicy(POLICY)
      .withStrictness({ preset: 'compatible', unknown_tier: 'refuse' })
      .withConfiguration({
        listen: { ops: '127.0.0.1:1' },
        strictness: 'compatible',
        http: { block_status: 451 },
      })
      .start();
    expect((await ask(tiergate, 'ultrafast')).client.status).toBe(451);
    expect((await ask(tiergate, 'turbo')).client.text).toContain('unknown_tier');
    expect((await ask(tiergate, 'flex')).client.origin).toBe('upstream');
  });

  it('follows the log: decisions in their order, and the one that a test waits for', async () => {
    tiergate = await new TiergateContainer(TIERGATE_IMAGE).withPolicy(POLICY).start();
    expect(tiergate.decisions()).toEqual([]);
    await ask(tiergate, 'flex');
    const blocked = tiergate.decision(({ action }) => action === 'block');
    await ask(tiergate, 'ultrafast');
    expect(await blocked).toMatchObject({ rule: 'no-ultrafast', code: 'policy_violation' });
    expect(tiergate.decisions().map(({ action }) => action)).toEqual(['pass', 'block']);
    await expect(tiergate.decision(({ action }) => action === 'force', 50)).rejects.toThrow(
      /no decision that fits within 50 ms.*"rule":"no-ultrafast"/s,
    );
  });

  it('keeps its decisions over a restart, and follows those behind it', async () => {
    tiergate = await new TiergateContainer(TIERGATE_IMAGE).withPolicy(POLICY).start();
    await ask(tiergate, 'flex');
    await tiergate.decision();
    await tiergate.restart();
    await ask(tiergate, 'ultrafast');
    await tiergate.decision(({ action }) => action === 'block');
    expect(tiergate.decisions().map(({ action }) => action)).toEqual(['pass', 'block']);
  });

  it('says what is wrong with a configuration', async () => {
    const faulty = new TiergateContainer(TIERGATE_IMAGE).withConfiguration({ http: { blok_status: 403 } });
    await expect(faulty.start()).rejects.toThrow('blok_status');
  });

  it('says what is wrong with a policy', async () => {
    const faulty = new TiergateContainer(TIERGATE_IMAGE)
      .withPolicy({ rules: [{ service_tier: 'priority', action: 'forbid', scope: 'all' }] })
      .withStartupTimeout(8_000);
    await expect(faulty.start()).rejects.toThrow(/did not get ready: .*rules\[0\]\.action/);
  });
});

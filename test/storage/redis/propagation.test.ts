import { expect, it } from 'vitest';
import { policyOf, saved } from '../policy-store-contract.ts';
import { describeWithRedis, eventually, openReplica, rulesOf, startRedis } from './redis.ts';

const REPLICAS = 20;
const SAVES = 50;

describeWithRedis('a saved rule', () => {
  it(`reaches the snapshots of ${REPLICAS} replicas by the notice alone`, async () => {
    const redis = await startRedis();
    // The poll is too slow to help.
    const pollMilliseconds = 3_600_000;
    const replicas = await Promise.all(
      Array.from({ length: REPLICAS }, () => openReplica(redis, { pollMilliseconds })),
    );
    const writer = await openReplica(redis, { pollMilliseconds });
    saved(await writer.store.save(policyOf('first'), 0, { author: 'alice', note: '' }));
    await eventually(() => {
      for (const { store } of replicas) expect(rulesOf(store)).toEqual(['first']);
    });
    const delays: number[] = [];
    for (let save = 1; save <= SAVES; save += 1) {
      const name = `save ${save}`;
      const started = performance.now();
      const arrivals = replicas.map(
        ({ store }) =>
          new Promise<number>((resolve) => {
            const off = store.onChange(() => {
              if (rulesOf(store)?.[0] !== name) return;
              off();
              resolve(performance.now() - started);
            });
          }),
      );
      saved(await writer.store.save(policyOf(name), save, { author: 'alice', note: '' }));
      delays.push(...(await Promise.all(arrivals)));
    }
    delays.sort((left, right) => left - right);
    const at = (share: number): string =>
      (delays[Math.ceil(delays.length * share) - 1] ?? Number.NaN).toFixed(1);
    console.log(
      `from the call of save to the snapshot of a replica, ${REPLICAS} replicas, ${SAVES} saves, milliseconds: ` +
        `p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, max ${at(1)}`,
    );
    expect(delays).toHaveLength(REPLICAS * SAVES);
  }, 60_000);
});

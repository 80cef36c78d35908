import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchRedis, type RunningRedis } from '../../../tools/redis/launch.ts';
import { DETAILS, policyOf, policyStoreContract, saved } from '../policy-store-contract.ts';
import { describeWithRedis, openReplica, redisServer } from './redis.ts';

describeWithRedis('the policy in Redis', () => {
  let redis: RunningRedis;
  beforeAll(async () => {
    redis = await launchRedis({ binary: redisServer() });
  });
  afterAll(() => redis.stop());

  policyStoreContract('redis', async () => {
    const { store } = await openReplica(redis, { prefix: randomUUID() });
    return store;
  });

  it('is found again by the next replica with its revision, author and history', async () => {
    const prefix = randomUUID();
    const first = await openReplica(redis, { prefix });
    saved(await first.store.save(policyOf('one'), 0, DETAILS));
    saved(await first.store.save(policyOf('two'), 1, DETAILS));
    const second = await openReplica(redis, { prefix });
    expect(second.store.snapshot()).toEqual(first.store.snapshot());
    expect(await second.store.history(10)).toEqual(await first.store.history(10));
  });
});

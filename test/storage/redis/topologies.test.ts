import { afterAll, beforeAll, expect, it } from 'vitest';
import { policyKeys } from '../../../src/storage/redis/keys.ts';
import { launchRedisCluster, type RunningRedisCluster } from '../../../tools/redis/cluster.ts';
import { redisCommand } from '../../../tools/redis/command.ts';
import { launchRedisSentinel, type RunningSentinel, SENTINEL_MASTER } from '../../../tools/redis/sentinel.ts';
import { DETAILS, policyOf, saved } from '../policy-store-contract.ts';
import { connect, describeWithRedis, eventually, openReplica, redisServer, rulesOf } from './redis.ts';

describeWithRedis('Redis Cluster', () => {
  let cluster: RunningRedisCluster;
  let url: string;
  beforeAll(async () => {
    cluster = await launchRedisCluster(redisServer());
    url = `redis+cluster://${cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  }, 60_000);
  afterAll(() => cluster.stop());

  it('holds all keys of the policy in one slot, whatever the prefix', async () => {
    const port = cluster.nodes[0]?.port ?? 0;
    for (const prefix of ['tg', 'team a:b', 'x}y']) {
      const { policy, revisions, audit } = policyKeys(prefix);
      const slots = await Promise.all(
        [policy, revisions, audit].map((key) => redisCommand(port, 'cluster', 'keyslot', key)),
      );
      expect(new Set(slots).size).toBe(1);
    }
  });

  it('is saved to, tells all replicas, and keeps the history', async () => {
    const first = await openReplica(url, { pollMilliseconds: 3_600_000 });
    const second = await openReplica(url, { pollMilliseconds: 3_600_000 });
    saved(await first.store.save(policyOf('one'), 0, DETAILS));
    saved(await first.store.save(policyOf('two'), 1, DETAILS));
    await eventually(() => expect(rulesOf(second.store)).toEqual(['two']));
    saved(await second.store.rollback(1, 2, DETAILS));
    await eventually(() =>
      expect(first.store.snapshot()).toMatchObject({ revision: 3, document: policyOf('one') }),
    );
  });

  it('heals after the node with the policy was killed, and gets the policy back', async () => {
    const { store } = await openReplica(url, { prefix: 'healing', pollMilliseconds: 250 });
    saved(await store.save(policyOf('one'), 0, DETAILS));
    const slot = Number(
      await redisCommand(cluster.nodes[0]?.port ?? 0, 'cluster', 'keyslot', '{healing:policy}'),
    );
    const owner = cluster.nodes[Math.floor((slot * 3) / 16_384)];
    await owner?.kill();
    await eventually(() =>
      expect(store.status().problems).toEqual([expect.stringMatching(/cannot be read/)]),
    );
    expect(rulesOf(store)).toEqual(['one']);
    await owner?.restart();
    await eventually(async () =>
      expect(await redisCommand(owner?.port ?? 0, 'hget', '{healing:policy}', 'revision')).toBe('1'),
    );
    await eventually(() => expect(store.status()).toMatchObject({ problems: [], readOnly: undefined }));
    saved(await store.save(policyOf('two'), 1, DETAILS));
  }, 60_000);
});

describeWithRedis('Redis behind a sentinel', () => {
  let sentinel: RunningSentinel;
  beforeAll(async () => {
    sentinel = await launchRedisSentinel(redisServer());
  }, 90_000);
  afterAll(() => sentinel.stop());

  it('is found by the name of its master, and followed when another one becomes the master', async () => {
    const url = `redis+sentinel://127.0.0.1:1,127.0.0.1:${sentinel.port}/${SENTINEL_MASTER}`;
    const { store } = await openReplica(url);
    saved(await store.save(policyOf('one'), 0, DETAILS));
    expect(await redisCommand(sentinel.master.port, 'hget', '{tg:policy}', 'revision')).toBe('1');
    await sentinel.failOver();
    await eventually(async () => saved(await store.save(policyOf('two'), 1, DETAILS)));
    // Until the old master is demoted it takes saves that are lost with it: the replica writes them back.
    await eventually(async () => {
      expect(await redisCommand(sentinel.replica.port, 'hget', '{tg:policy}', 'revision')).toBe('2');
      expect(await redisCommand(sentinel.replica.port, 'role')).toContain('master');
    }, 60_000);
    await eventually(() => expect(store.status()).toMatchObject({ problems: [], readOnly: undefined }));
    expect(rulesOf(store)).toEqual(['two']);
  }, 90_000);

  it('says that no sentinel knows the name', async () => {
    const connection = connect(`redis+sentinel://127.0.0.1:${sentinel.port}/no-such-master`);
    await eventually(() =>
      expect(connection.health).toEqual({
        state: 'down',
        reason: expect.stringMatching(/none knows the master/),
      }),
    );
  });
});

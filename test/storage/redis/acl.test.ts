import { join } from 'node:path';
import { expect, it } from 'vitest';
import { launchRedisCluster } from '../../../tools/redis/cluster.ts';
import { redisCommand } from '../../../tools/redis/command.ts';
import { temporaryDirectory, writeJson } from '../file/directory.ts';
import { DETAILS, policyOf, saved } from '../policy-store-contract.ts';
import { openStream } from './decisions.ts';
import { clusterRules, documentedRules } from './documented-acl.ts';
import {
  connect,
  describeWithRedis,
  eventually,
  openReplica,
  redisServer,
  rulesOf,
  startRedis,
} from './redis.ts';

describeWithRedis('the user of docs/redis.md', () => {
  it('may do all that policy and decisions need', async () => {
    const redis = await startRedis();
    await redisCommand(redis.port, 'acl', 'setuser', 'tiergate', ...documentedRules());
    const url = `redis://tiergate:pw@127.0.0.1:${redis.port}/1`;
    const file = writeJson(join(temporaryDirectory(), 'policy.json'), policyOf('seed'));
    const first = await openReplica(url, { seed: { file, named: true }, pollMilliseconds: 3_600_000 });
    const second = await openReplica(url, { pollMilliseconds: 3_600_000 });
    const heard = (): Promise<unknown> => redisCommand(redis.port, 'pubsub', 'numsub', '{tg:policy}:changed');
    await eventually(async () => expect(await heard()).toEqual(['{tg:policy}:changed', 2]));
    saved(await first.store.save(policyOf('two'), 1, DETAILS));
    saved(await first.store.rollback(1, 2, DETAILS));
    await eventually(() =>
      expect(second.store.snapshot()).toMatchObject({ revision: 3, document: policyOf('seed') }),
    );
    expect(await first.store.history(10)).toHaveLength(3);
    const { sink, record, dropped } = openStream(first.connection);
    record(0, 10);
    await sink.close();
    expect(await dropped()).toBe(0);
    const denied = ((await redisCommand(redis.port, 'acl', 'log')) as unknown[]).map((entry) =>
      JSON.stringify(entry),
    );
    expect(denied).toEqual([]);
  });

  it('may do nothing else', async () => {
    const redis = await startRedis();
    await redisCommand(redis.port, 'acl', 'setuser', 'tiergate', ...documentedRules());
    const connection = connect(`redis://tiergate:pw@127.0.0.1:${redis.port}`);
    await connection.untilUp(10_000);
    for (const [command = '', ...args] of [
      ['hgetall', 'other'],
      ['hset', '{tg:policyx}', 'a', 'b'],
      ['eval', "return redis.call('SET', KEYS[1], 'x')", 1, '{tg:policy}'],
      ['del', '{tg:policy}'],
      ['flushall'],
      ['keys', '*'],
      ['config', 'get', '*'],
      ['publish', 'other', 'x'],
      ['xadd', '{tg:decisionsx}', '*', 'a', 'b'],
      ['xrange', '{tg:decisions}', '-', '+'],
    ] as (string | number)[][]) {
      await expect(connection.run(String(command), ...args), String(command)).rejects.toThrow(
        /NOPERM|no permissions|can't run this command|can't access/i,
      );
    }
  });

  it('needs the two further rules in a Redis Cluster', async () => {
    const cluster = await launchRedisCluster(redisServer());
    try {
      for (const { port } of cluster.nodes) {
        await redisCommand(port, 'acl', 'setuser', 'tiergate', ...documentedRules(), ...clusterRules());
      }
      const url = `redis+cluster://tiergate:pw@127.0.0.1:${cluster.nodes[0]?.port}`;
      const first = await openReplica(url, { pollMilliseconds: 3_600_000 });
      const second = await openReplica(url, { pollMilliseconds: 3_600_000 });
      saved(await first.store.save(policyOf('one'), 0, DETAILS));
      await eventually(() => expect(rulesOf(second.store)).toEqual(['one']));
      for (const { port } of cluster.nodes) expect(await redisCommand(port, 'acl', 'log')).toEqual([]);
    } finally {
      await cluster.stop();
    }
  }, 60_000);
});

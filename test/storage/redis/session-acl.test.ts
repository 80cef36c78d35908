import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchRedisCluster, type RunningRedisCluster } from '../../../tools/redis/cluster.ts';
import { redisCommand } from '../../../tools/redis/command.ts';
import { hash, sessionOf, sessionStoreContract, soon } from '../session-store-contract.ts';
import { clusterRules, documentedRules } from './documented-acl.ts';
import { connect, describeWithRedis, redisServer, startRedis } from './redis.ts';
import { openSessions } from './sessions.ts';

describeWithRedis('the user of docs/redis.md', () => {
  it('may do all that sessions need', async () => {
    const redis = await startRedis();
    await redisCommand(redis.port, 'acl', 'setuser', 'tiergate', ...documentedRules());
    const url = `redis://tiergate:pw@127.0.0.1:${redis.port}`;
    const here = await openSessions(url, 'here');
    const there = await openSessions(url, 'there');
    const told: string[] = [];
    here.store.onEnd((id) => told.push(id));
    const session = sessionOf();
    const over = sessionOf();
    for (const one of [session, over]) here.store.put(one);
    here.store.remember(hash('a'), { model: 'm', time: 1 });
    await soon(async () => expect((await there.store.list(10)).sessions).toHaveLength(2));
    here.store.delete(over.id);
    await soon(async () => expect((await there.store.list(10)).sessions).toHaveLength(1));
    await soon(async () => expect(await there.store.resume([hash('a')])).toBeDefined());
    expect(await there.store.end(session.id)).toBe(true);
    await soon(() => expect(told).toEqual([session.id]));
    await here.store.close();
    expect([here.dropped, there.dropped]).toEqual([0, 0]);
    expect(await redisCommand(redis.port, 'acl', 'log')).toEqual([]);
  });

  it('may do nothing else with what it is given for sessions', async () => {
    const redis = await startRedis();
    await redisCommand(redis.port, 'acl', 'setuser', 'tiergate', ...documentedRules());
    const connection = connect(`redis://tiergate:pw@127.0.0.1:${redis.port}`);
    await connection.untilUp(10_000);
    for (const [command = '', ...args] of [
      ['hmget', '{tg:other}', 'a'],
      ['pexpire', 'other', 0],
      ['zadd', '{tg:node:a}', 1, 'a'],
      ['del', '{tg:nodes}'],
      ['publish', '{tg:sessions}:other', 'x'],
    ] as (string | number)[][]) {
      await expect(connection.run(String(command), ...args), String(command)).rejects.toThrow(
        /NOPERM|no permissions/i,
      );
    }
  });
});

describeWithRedis('sessions in a Redis Cluster, as the user of docs/redis.md', () => {
  let cluster: RunningRedisCluster;
  beforeAll(async () => {
    cluster = await launchRedisCluster(redisServer());
    const rules = [...documentedRules(), ...clusterRules()];
    for (const { port } of cluster.nodes) {
      // Each test has a prefix of its own.
      const any = rules.map((rule) => (/^[~&]\{tg:/.test(rule) ? rule.replace('{tg:', '{*:') : rule));
      await redisCommand(port, 'acl', 'setuser', 'tiergate', ...any);
    }
  }, 60_000);
  afterAll(() => cluster.stop());

  sessionStoreContract('redis cluster', async (ttlMilliseconds) => {
    const url = `redis+cluster://tiergate:pw@127.0.0.1:${cluster.nodes[0]?.port}`;
    const prefix = randomUUID();
    const here = await openSessions(url, 'here', { prefix, ttlMilliseconds });
    const there = await openSessions(url, 'there', { prefix, ttlMilliseconds });
    return { here: here.store, there: there.store, nodes: ['here', 'there'] };
  });

  it('nothing of that was denied', async () => {
    for (const { port } of cluster.nodes) expect(await redisCommand(port, 'acl', 'log')).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { redisCommand } from '../../../tools/redis/command.ts';
import type { RunningRedis } from '../../../tools/redis/launch.ts';
import { DETAILS, policyOf, saved } from '../policy-store-contract.ts';
import { describeWithRedis, eventually, openReplica, rulesOf, startRedis } from './redis.ts';

const KEY = '{tg:policy}';

async function audit(redis: RunningRedis): Promise<readonly Record<string, string>[]> {
  const entries = (await redisCommand(redis.port, 'xrange', `${KEY}:audit`, '-', '+')) as [
    string,
    string[],
  ][];
  return entries.map(([, fields]) =>
    Object.fromEntries(
      Array.from({ length: fields.length / 2 }, (_, index) => fields.slice(2 * index, 2 * index + 2)),
    ),
  );
}

describeWithRedis('replicas of one Redis', () => {
  it('take over what another one saves, by the notice', async () => {
    const redis = await startRedis();
    const first = await openReplica(redis, { pollMilliseconds: 3_600_000 });
    const second = await openReplica(redis, { pollMilliseconds: 3_600_000 });
    await eventually(async () =>
      expect(await redisCommand(redis.port, 'pubsub', 'numsub', `${KEY}:changed`)).toEqual([
        `${KEY}:changed`,
        2,
      ]),
    );
    saved(await first.store.save(policyOf('one'), 0, DETAILS));
    await eventually(() => expect(rulesOf(second.store)).toEqual(['one']));
    expect(second.store.snapshot()).toEqual(first.store.snapshot());
    saved(await second.store.save(policyOf('two'), 1, { author: 'bob', note: '' }));
    await eventually(() => expect(first.store.snapshot()).toMatchObject({ revision: 2, author: 'bob' }));
    expect(await audit(redis)).toMatchObject([
      { action: 'save', revision: '1', author: 'alice', note: 'because', replaced: 'none' },
      { action: 'save', revision: '2', author: 'bob' },
    ]);
  });

  it('find by the poll what no notice told them', async () => {
    const redis = await startRedis();
    // Nobody but the test may publish or subscribe.
    await redisCommand(redis.port, 'acl', 'setuser', 'app', 'on', '>pw', '+@all', '~*', 'resetchannels');
    const url = `redis://app:pw@127.0.0.1:${redis.port}`;
    const first = await openReplica(url);
    const second = await openReplica(url);
    saved(await first.store.save(policyOf('one'), 0, DETAILS));
    await eventually(() => expect(rulesOf(second.store)).toEqual(['one']));
  });

  it('refuse a save from a revision that another one has passed, and show the newer one', async () => {
    const redis = await startRedis();
    const first = await openReplica(redis, { pollMilliseconds: undefined });
    const second = await openReplica(redis, { pollMilliseconds: undefined });
    saved(await first.store.save(policyOf('one'), 0, DETAILS));
    expect(await second.store.save(policyOf('late'), 0, DETAILS)).toEqual({
      ok: false,
      reason: 'conflict',
      revision: 1,
    });
    expect(rulesOf(second.store)).toEqual(['one']);
  });

  it('stay apart under two prefixes', async () => {
    const redis = await startRedis();
    const first = await openReplica(redis, { prefix: 'a' });
    const second = await openReplica(redis, { prefix: 'b' });
    saved(await first.store.save(policyOf('one'), 0, DETAILS));
    saved(await second.store.save(policyOf('two'), 0, DETAILS));
    expect(rulesOf(first.store)).toEqual(['one']);
    const keys = (await redisCommand(redis.port, 'keys', '*')) as string[];
    expect(keys.filter((key) => !/^\{(a|b):policy\}/.test(key))).toEqual([]);
  });
});

describeWithRedis('a Redis that lost the policy', () => {
  async function withTwoRevisions(redis: RunningRedis): Promise<Awaited<ReturnType<typeof openReplica>>> {
    const replica = await openReplica(redis);
    saved(await replica.store.save(policyOf('one'), 0, DETAILS));
    await redisCommand(redis.port, 'save');
    saved(await replica.store.save(policyOf('two'), 1, DETAILS));
    return replica;
  }

  describe.each([
    ['restarted empty', 'flushall'],
    ['restarted with older data', undefined],
  ])('%s', (_, before) => {
    it('gets the newest back as it was, with an event and an audit entry', async () => {
      const redis = await startRedis();
      const { store, events } = await withTwoRevisions(redis);
      const snapshot = store.snapshot();
      if (before !== undefined) {
        await redisCommand(redis.port, before);
        await redisCommand(redis.port, 'save');
      }
      await redis.kill();
      await redis.restart();
      await eventually(async () => expect(await redisCommand(redis.port, 'hget', KEY, 'revision')).toBe('2'));
      expect(store.snapshot()).toBe(snapshot);
      await eventually(() => expect(events).toHaveLength(1));
      const replaced = before === undefined ? `${snapshot?.epoch}.1` : undefined;
      expect(events).toEqual([
        {
          kind: 'written_back',
          key: KEY,
          epoch: snapshot?.epoch,
          revision: 2,
          replaced,
          message: expect.stringMatching(/was written back/),
        },
      ]);
      expect((await audit(redis)).at(-1)).toMatchObject({
        action: 'write_back',
        revision: '2',
        replaced: replaced ?? 'none',
      });
      const fresh = await openReplica(redis);
      expect(fresh.store.snapshot()).toEqual(snapshot);
      expect((await fresh.store.history(10))[0]).toEqual(snapshot);
      expect(saved(await fresh.store.save(policyOf('three'), 2, DETAILS))).toBe(3);
      await eventually(() => expect(rulesOf(store)).toEqual(['three']));
    });
  });

  it('while it runs (FLUSHALL) gets it back by the poll', async () => {
    const redis = await startRedis();
    const { events } = await withTwoRevisions(redis);
    await redisCommand(redis.port, 'flushall');
    await eventually(() => expect(events).toHaveLength(1));
    expect(await redisCommand(redis.port, 'hget', KEY, 'revision')).toBe('2');
  });

  it('gets it back once from many replicas, and a save from the last revision goes on', async () => {
    const redis = await startRedis();
    const replicas = [await withTwoRevisions(redis)];
    for (let count = 0; count < 4; count += 1) replicas.push(await openReplica(redis));
    await redisCommand(redis.port, 'flushall');
    await eventually(() => expect(replicas.flatMap(({ events }) => events)).toHaveLength(1));
    expect(await redisCommand(redis.port, 'llen', `${KEY}:revisions`)).toBe(1);
    expect(
      saved(
        (await replicas[2]?.store.save(policyOf('three'), 2, DETAILS)) ?? {
          ok: false,
          reason: 'conflict',
          revision: 0,
        },
      ),
    ).toBe(3);
  });

  it('and was saved to in the same revision before a replica came: the younger save wins everywhere', async () => {
    const redis = await startRedis();
    const one = await openReplica(redis, { pollMilliseconds: undefined });
    saved(await one.store.save(policyOf('one'), 0, DETAILS));
    const old = (await redisCommand(redis.port, 'hgetall', KEY)) as Record<string, string>;
    const two = await openReplica(redis);
    saved(await one.store.save(policyOf('lost'), 1, DETAILS));
    await eventually(() => expect(rulesOf(two.store)).toEqual(['lost']));
    await two.store.close();
    // The restored copy, to which an operator saves revision 2 again, by a process that knows of no other.
    await redisCommand(redis.port, 'del', KEY);
    await redisCommand(redis.port, 'hset', KEY, ...Object.entries(old).flat());
    const operator = await openReplica(redis, { pollMilliseconds: undefined });
    saved(await operator.store.save(policyOf('kept'), 1, DETAILS));
    expect(await one.store.save(policyOf('x'), 1, DETAILS)).toMatchObject({
      reason: 'conflict',
      revision: 2,
    });
    expect(rulesOf(one.store)).toEqual(['kept']);
  });
});

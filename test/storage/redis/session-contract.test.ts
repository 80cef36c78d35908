import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { redisCommand } from '../../../tools/redis/command.ts';
import { launchRedis, type RunningRedis } from '../../../tools/redis/launch.ts';
import { hash, sessionOf, sessionStoreContract, soon } from '../session-store-contract.ts';
import { describeWithRedis, redisServer } from './redis.ts';
import { openSessions } from './sessions.ts';

describeWithRedis('sessions in Redis', () => {
  let redis: RunningRedis;
  beforeAll(async () => {
    redis = await launchRedis({ binary: redisServer() });
  });
  afterAll(() => redis.stop());

  const command = (name: string, ...args: string[]) => redisCommand(redis.port, name, ...args);

  sessionStoreContract('redis', async (ttlMilliseconds) => {
    const prefix = randomUUID();
    const here = await openSessions(redis, 'here', { prefix, ttlMilliseconds });
    const there = await openSessions(redis, 'there', { prefix, ttlMilliseconds });
    return { here: here.store, there: there.store, nodes: ['here', 'there'] };
  });

  it('leaves no key of its sockets behind where its process ends', async () => {
    const prefix = randomUUID();
    const { store } = await openSessions(redis, 'here', { prefix });
    store.put(sessionOf());
    store.remember(hash('a'), { model: 'm', time: 1 });
    await soon(async () => expect(await command('exists', `{${prefix}:node:here}:sessions`)).toBe(1));
    store.remember(hash('b'), { model: 'late', time: 1 });
    await store.close();
    expect(await command('exists', `{${prefix}:node:here}:sessions`, `{${prefix}:nodes}`)).toBe(0);
    // What was pending is written.
    expect(await command('hget', `{${prefix}:resume:${hash('b')}}`, 'model')).toBe('late');
  });

  it('gives every key a time to live', async () => {
    const prefix = randomUUID();
    const { store } = await openSessions(redis, 'here', { prefix, ttlMilliseconds: 5_000 });
    store.put(sessionOf());
    store.remember(hash('a'), { model: 'm', time: 1 });
    await soon(async () => {
      const keys = ((await command('keys', `{${prefix}:*`)) as string[]).sort();
      expect(keys).toEqual(
        [`{${prefix}:node:here}:sessions`, `{${prefix}:nodes}`, `{${prefix}:resume:${hash('a')}}`].sort(),
      );
    });
    const ttl = async (key: string): Promise<number> => Number(await command('pttl', `{${prefix}:${key}`));
    expect(await ttl('node:here}:sessions')).toBeGreaterThan(25_000);
    expect(await ttl('node:here}:sessions')).toBeLessThanOrEqual(30_000);
    expect(await ttl('nodes}')).toBeGreaterThan(0);
    expect(await ttl(`resume:${hash('a')}}`)).toBeLessThanOrEqual(5_000);
  });

  it('takes the sockets of a process off the list that gives no sign of life, and keeps those of one that does', async () => {
    const prefix = randomUUID();
    const aliveMilliseconds = 600;
    const alive = await openSessions(redis, 'alive', { prefix, aliveMilliseconds });
    const kept = sessionOf();
    alive.store.put(kept);
    const other = await openSessions(redis, 'other', { prefix, aliveMilliseconds });
    // As a process leaves it that was killed.
    await command(
      'hset',
      `{${prefix}:node:dead}:sessions`,
      'a'.repeat(32),
      '{"route":"r","dialect":"d","turns":0,"opened":1,"changed":1}',
    );
    await command('pexpire', `{${prefix}:node:dead}:sessions`, '600');
    await command('zadd', `{${prefix}:nodes}`, String(Date.now()), 'dead');
    const ids = async () => (await other.store.list(10)).sessions.map(({ id }) => id);
    await soon(async () => expect(await ids()).toEqual([kept.id, 'a'.repeat(32)]));
    await soon(async () => expect(await ids()).toEqual([kept.id]));
    const from = Date.now();
    await soon(() => expect(Date.now() - from).toBeGreaterThan(1_500));
    expect(await ids()).toEqual([kept.id]);
  });

  it('lists thousands of sockets, each once, and writes them in few commands', async () => {
    const prefix = randomUUID();
    const many = await openSessions(redis, 'many', { prefix });
    const other = await openSessions(redis, 'other', { prefix });
    const sessions = Array.from({ length: 5_500 }, (_, index) => sessionOf({ openedAt: index }));
    const before = await commandsOf();
    for (const session of sessions) many.store.put(session);
    await soon(async () => expect(await command('hlen', `{${prefix}:node:many}:sessions`)).toBe(5_500));
    expect((await commandsOf()) - before).toBeLessThan(200);
    const { sessions: listed } = await other.store.list(10_000);
    expect(listed.map(({ id }) => id)).toEqual(sessions.map(({ id }) => id).reverse());
    for (const session of sessions) many.store.delete(session.id);
    await soon(async () => expect((await other.store.list(10)).sessions).toEqual([]));
    expect(many.dropped).toBe(0);
  });

  it('writes no socket twice because others end meanwhile', async () => {
    const prefix = randomUUID();
    const { store } = await openSessions(redis, 'busy', { prefix, aliveMilliseconds: 300 });
    const kept = Array.from({ length: 3_000 }, () => sessionOf());
    for (const session of kept) store.put(session);
    await soon(async () => expect(await command('hlen', `{${prefix}:node:busy}:sessions`)).toBe(3_000));
    const before = await bytesOf();
    for (let round = 0; round < 400; round += 1) {
      const short = sessionOf();
      store.put(short);
      await new Promise((resolve) => setTimeout(resolve, 2));
      store.delete(short.id);
    }
    await soon(async () => expect(await command('hlen', `{${prefix}:node:busy}:sessions`)).toBe(3_000));
    // Some 250 bytes for each short one, and nothing for the 3,000 others.
    expect((await bytesOf()) - before).toBeLessThan(400_000);
  });

  async function bytesOf(): Promise<number> {
    const info = String(await command('info', 'stats'));
    return Number(/total_net_input_bytes:(\d+)/.exec(info)?.[1]);
  }

  async function commandsOf(): Promise<number> {
    const info = String(await command('info', 'stats'));
    return Number(/total_commands_processed:(\d+)/.exec(info)?.[1]);
  }

  it('holds neither name nor credential, only what it is told', async () => {
    const prefix = randomUUID();
    const { store } = await openSessions(redis, 'here', { prefix });
    const session = sessionOf();
    store.put(session);
    await soon(async () =>
      expect(JSON.parse(String(await command('hget', `{${prefix}:node:here}:sessions`, session.id)))).toEqual(
        {
          route: 'default',
          dialect: 'openai-responses',
          request: 'envoy-1',
          scope: 'team-a',
          turns: 0,
          opened: session.openedAt,
          changed: session.changedAt,
        },
      ),
    );
  });
});

import { expect, it, vi } from 'vitest';
import { redisCommand } from '../../../tools/redis/command.ts';
import type { RunningRedis } from '../../../tools/redis/launch.ts';
import { hash, sessionOf, soon } from '../session-store-contract.ts';
import { openProxy } from './proxy.ts';
import { describeWithRedis, startRedis } from './redis.ts';
import { openSessions, type TestSessions } from './sessions.ts';

const NODE = '{tg:node:here}:sessions';
const RESUME = `{tg:resume:${hash('a')}}`;

const idsIn = async (redis: RunningRedis): Promise<readonly string[]> =>
  ((await redisCommand(redis.port, 'hkeys', NODE)) as string[]).sort();

/** A store with one socket that Redis holds. */
async function started(
  options: Parameters<typeof openSessions>[2] = {},
  ...args: string[]
): Promise<{ redis: RunningRedis; sessions: TestSessions; id: string }> {
  const redis = await startRedis(...args);
  const sessions = await openSessions(redis, 'here', options, { commandMilliseconds: 300 });
  const session = sessionOf();
  sessions.store.put(session);
  await soon(async () => expect(await idsIn(redis)).toEqual([session.id]));
  return { redis, sessions, id: session.id };
}

/** What happens to Redis, and how it is undone. */
const FAULTS: Record<string, (redis: RunningRedis) => Promise<() => Promise<unknown>>> = {
  'killed, and back empty': async (redis) => {
    await redis.kill();
    return () => redis.restart();
  },
  'stopped (SIGSTOP)': async (redis) => {
    redis.pause();
    return async () => redis.resume();
  },
  'a replica that takes no writes': async (redis) => {
    await redisCommand(redis.port, 'replicaof', '127.0.0.1', '1');
    return () => redisCommand(redis.port, 'replicaof', 'no', 'one');
  },
  'out of memory': async (redis) => {
    await redisCommand(redis.port, 'config', 'set', 'maxmemory', '1');
    return () => redisCommand(redis.port, 'config', 'set', 'maxmemory', '0');
  },
};

describeWithRedis('sessions where Redis is', () => {
  it.each(Object.keys(FAULTS))(
    '%s: writes wait for nothing and are counted, and all is there again when it is back',
    async (fault) => {
      const { redis, sessions, id } = await started();
      const { store } = sessions;
      const undo = await FAULTS[fault]?.(redis);
      const before = performance.now();
      const more = sessionOf();
      const over = sessionOf();
      for (const session of [more, over]) store.put(session);
      store.remember(hash('a'), { model: 'm', time: 7 });
      store.delete(over.id);
      expect(performance.now() - before).toBeLessThan(50);
      await soon(() => expect(sessions.dropped).toBeGreaterThan(0));
      // What it knows itself it can still list and end.
      const { sessions: listed } = await store.list(10);
      expect(listed.map((session) => session.id).sort()).toEqual([id, more.id].sort());
      expect(await store.end(id)).toBe(true);
      await undo?.();
      await soon(async () => expect(await idsIn(redis)).toEqual([id, more.id].sort()));
      await soon(async () => expect(await store.resume([hash('a')])).toEqual({ model: 'm', time: 7 }));
      expect(await redisCommand(redis.port, 'hget', RESUME, 'model')).toBe('m');
    },
    30_000,
  );

  it('killed or stopped: a look-up fails within the time of a command, and the list says what is missing', async () => {
    const { redis, sessions, id } = await started();
    const { store } = sessions;
    redis.pause();
    const before = performance.now();
    await expect(store.resume([hash('a')])).rejects.toThrow();
    expect(performance.now() - before).toBeLessThan(1_000);
    redis.resume();
    await redis.kill();
    await soon(async () => {
      const { sessions: listed, incomplete } = await store.list(10);
      expect(listed.map((session) => session.id)).toEqual([id]);
      expect(incomplete).toMatch(/^Redis cannot be read: it cannot be reached \(ECONNREFUSED\)/);
    });
    const now = performance.now();
    await expect(store.resume([hash('a')])).rejects.toThrow();
    expect(performance.now() - now).toBeLessThan(50);
    await expect(store.end(sessionOf().id)).rejects.toThrow(/^Redis cannot pass it on: it cannot be reached/);
  });

  it('emptied while nothing happens: the next sign of life brings the sockets back', async () => {
    const { redis, id } = await started({ aliveMilliseconds: 900 });
    await redisCommand(redis.port, 'flushall');
    await soon(async () => expect(await idsIn(redis)).toEqual([id]));
  });

  it('killed and back empty while nothing happens: the sockets are back at once', async () => {
    const { redis, id } = await started();
    await redis.kill();
    await redis.restart();
    await vi.waitFor(async () => expect(await idsIn(redis)).toEqual([id]), { timeout: 5_000, interval: 20 });
  });

  it('holding other sockets than it was told: the next sign of life puts it right', async () => {
    const { redis, id } = await started({ aliveMilliseconds: 900 });
    await redisCommand(redis.port, 'hset', NODE, 'e'.repeat(32), '{}');
    await soon(async () => expect(await idsIn(redis)).toEqual([id]));
  });

  it('holding another type under the keys: what is ours alone is replaced', async () => {
    const { redis, sessions, id } = await started();
    const { store } = sessions;
    await redisCommand(redis.port, 'del', NODE);
    await redisCommand(redis.port, 'set', NODE, 'nonsense');
    await redisCommand(redis.port, 'set', RESUME, 'nonsense');
    await expect(store.resume([hash('a')])).rejects.toThrow(/WRONGTYPE/);
    store.remember(hash('a'), { model: 'm', time: 7 });
    const more = sessionOf();
    store.put(more);
    await soon(async () => expect(await idsIn(redis)).toEqual([id, more.id].sort()));
    await soon(async () => expect(await store.resume([hash('a')])).toEqual({ model: 'm', time: 7 }));
  });

  it.each([
    ['no time', ['model', 'm']],
    ['no model', ['time', '7']],
    ['a time that is no number', ['time', '7e3', 'model', 'm']],
    ['a model that is too long', ['time', '7', 'model', 'm'.repeat(257)]],
  ])(
    'holding nonsense, %s: the look-up fails, and the next model that is captured heals it',
    async (_, fields) => {
      const { redis, sessions } = await started();
      const { store } = sessions;
      await redisCommand(redis.port, 'hset', RESUME, ...fields);
      await expect(store.resume([hash('a')])).rejects.toThrow('a named session in Redis is not of its form');
      store.remember(hash('a'), { model: 'n', time: 8 });
      await soon(async () => expect(await store.resume([hash('a')])).toEqual({ model: 'n', time: 8 }));
    },
  );

  it('holding nonsense of other processes: it is left out of the list', async () => {
    const { redis, sessions, id } = await started();
    await redisCommand(redis.port, 'zadd', '{tg:nodes}', '1', 'other');
    const good = '{"route":"r","dialect":"d","turns":0,"opened":1,"changed":1,"later":{}}';
    const fields = { a: 'no json', b: '7', c: '{"route":"r"}', d: good.replace('0', '-1'), e: good };
    await redisCommand(redis.port, 'hset', '{tg:node:other}:sessions', ...Object.entries(fields).flat());
    const { sessions: listed, incomplete } = await sessions.store.list(10);
    expect([listed.map((session) => session.id), incomplete]).toEqual([[id, 'e'], undefined]);
    await redisCommand(redis.port, 'set', '{tg:nodes}', 'x');
    expect(await sessions.store.list(10)).toMatchObject({
      sessions: [{ id }],
      incomplete: expect.any(String),
    });
  });

  it('slow, or losing its connections: everything arrives in the end', async () => {
    const redis = await startRedis();
    const proxy = await openProxy(redis.port);
    const { store } = await openSessions(`redis://127.0.0.1:${proxy.port}`, 'here');
    proxy.delay = 200;
    const wanted: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const session = sessionOf();
      wanted.push(session.id);
      store.put(session);
      store.remember(hash('a'), { model: `m${round}`, time: round });
      await soon(async () => expect(await store.resume([hash('a')])).toMatchObject({ time: round }));
      proxy.reset();
    }
    proxy.delay = 0;
    await soon(async () => expect(await idsIn(redis)).toEqual(wanted.sort()));
    await soon(async () => expect(await redisCommand(redis.port, 'hget', RESUME, 'model')).toBe('m4'));
  }, 30_000);

  it('gone for long: what waits is bounded, and what was dropped is counted', async () => {
    const { redis, sessions } = await started();
    const { store } = sessions;
    await redis.kill();
    for (let count = 0; count < 25_000; count += 1) {
      store.remember(hash(String(count)), { model: 'm', time: 1 });
      const session = sessionOf();
      store.put(session);
      store.delete(session.id);
    }
    expect(sessions.dropped).toBeGreaterThanOrEqual(14_000);
    await redis.restart();
    await soon(async () => expect(Number(await redisCommand(redis.port, 'dbsize'))).toBeGreaterThan(9_000));
    await soon(async () => expect(await store.resume([hash('24999')])).toEqual({ model: 'm', time: 1 }));
    expect(await store.resume([hash('0')])).toBeUndefined();
  }, 30_000);

  it('gone when the process ends: that takes no longer than a command', async () => {
    const { redis, sessions } = await started();
    sessions.store.remember(hash('a'), { model: 'm', time: 1 });
    redis.pause();
    const before = performance.now();
    await sessions.store.close();
    expect(performance.now() - before).toBeLessThan(3_000);
    redis.resume();
  });
});

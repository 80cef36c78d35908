import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { redisCommand } from '../../../tools/redis/command.ts';
import { frame } from '../../exchange/socket/frames.ts';
import { soon } from '../session-store-contract.ts';
import { LOOKUP_WAIT, priorityTurn, SocketProcess } from './named-socket.ts';
import { openProxy } from './proxy.ts';
import { describeWithRedis, startRedis } from './redis.ts';
import { openSessions } from './sessions.ts';

/** Milliseconds. A message that waited for Redis would wait for its time-out. */
const COMMAND_TIMEOUT = 5_000;
const SLACK = 1_500;

/** A turn without a tier: it passes, and captures the model with which `priority` is blocked. */
const CAPTURE = frame('{"type":"response.create","model":"secret"}');

const keysOf = async (port: number) => (await redisCommand(port, 'keys', '{tg:resume:*')) as string[];

/** A process whose client has captured a model in a session, at a Redis that can be disturbed. */
async function started() {
  const redis = await startRedis();
  const proxy = await openProxy(redis.port);
  const url = `redis://127.0.0.1:${proxy.port}`;
  const { store } = await openSessions(url, 'here', {}, { commandMilliseconds: COMMAND_TIMEOUT });
  const sockets = new SocketProcess(store);
  const first = sockets.open('a');
  expect(await first.ask(CAPTURE)).toMatchObject({ action: 'pass', model: 'secret' });
  first.close();
  await soon(async () => expect(await keysOf(redis.port)).toHaveLength(1));
  return { redis, proxy, sockets };
}

type Started = Awaited<ReturnType<typeof started>>;

/** What is done to Redis. */
const FAULTS: Record<string, (at: Started) => unknown> = {
  nothing: () => {},
  killed: ({ redis }) => redis.kill(),
  'stopped (SIGSTOP)': ({ redis }) => redis.pause(),
  'resetting its connections': ({ proxy }) => proxy.reset(),
  'slower than the wait': ({ proxy }) => {
    proxy.delay = 3 * LOOKUP_WAIT;
  },
  'a replica': ({ redis }) => redisCommand(redis.port, 'replicaof', '127.0.0.1', '1'),
  'out of memory': ({ redis }) => redisCommand(redis.port, 'config', 'set', 'maxmemory', '1'),
  'holding another type': async ({ redis }) => {
    const [key = ''] = await keysOf(redis.port);
    await redisCommand(redis.port, 'del', key);
    await redisCommand(redis.port, 'set', key, 'x');
  },
};

describeWithRedis('a socket of a named session, with Redis', () => {
  it.each(Object.keys(FAULTS))(
    '%s: no message waits longer, and nothing that is forbidden passes',
    async (name) => {
      const fault = FAULTS[name] ?? (() => {});
      const bound = LOOKUP_WAIT + SLACK;
      // The fault comes before the handshake, before the first message, and before the second one.
      for (const step of [0, 1, 2]) {
        const at = await started();
        if (step === 0) await fault(at);
        const socket = at.sockets.open('a');
        if (step === 1) await fault(at);
        const first = await socket.ask(frame('{"type":"response.create"}'));
        expect([first.action, first.took < bound]).toEqual(['pass', true]);
        if (step === 2) await fault(at);
        // What the session captured forbids it, and so does the strict row where that cannot be known.
        const second = await socket.ask(priorityTurn());
        expect([second.action, second.took < bound]).toEqual(['block', true]);
        socket.close();
        const stating = at.sockets.open('a');
        expect(await stating.ask(priorityTurn('other'))).toMatchObject({ action: 'pass', model: 'other' });
        const third = await stating.ask(priorityTurn());
        expect([third.action, third.took < bound]).toEqual(['pass', true]);
        stating.close();
        expect(at.sockets.held.held).toBe(0);
      }
    },
    60_000,
  );

  it('back empty: the session is one that nobody has named yet', async () => {
    const { redis, sockets } = await started();
    await redisCommand(redis.port, 'flushall');
    const socket = sockets.open('a');
    expect(await socket.ask(priorityTurn())).toMatchObject({ action: 'pass', model: '' });
    socket.close();
  });

  it('stopped for long: memory stays flat', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { redis, sockets } = await started();
    redis.pause();
    const openMany = async (): Promise<number> => {
      for (let round = 0; round < 5; round += 1) {
        const many = Array.from({ length: 200 }, (_, index) => sockets.open(`session ${index}`));
        await Promise.all(many.map((socket) => socket.ask(CAPTURE)));
        for (const socket of many) socket.close();
      }
      // The commands that were under way are given up.
      await soon(() => expect(sockets.held.held).toBe(0));
      collect();
      return process.memoryUsage().heapUsed;
    };
    await openMany();
    const before = await openMany();
    for (let round = 0; round < 3; round += 1) await openMany();
    expect((await openMany()) - before).toBeLessThan(8 * 2 ** 20);
    redis.resume();
  }, 60_000);
});

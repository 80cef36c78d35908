import { expect, it } from 'vitest';
import { redisCommand } from '../../../tools/redis/command.ts';
import type { RunningRedis } from '../../../tools/redis/launch.ts';
import { idsOf, numbered } from '../../decisions/sink-contract.ts';
import { openStream, STREAM, storedIds, type TestStream } from './decisions.ts';
import { connect, describeWithRedis, eventually, startRedis } from './redis.ts';

const QUEUE = 1_000;

interface Started extends TestStream {
  readonly redis: RunningRedis;
}

/** A server with the decisions 0 to 9 in its stream, and a sink whose queue holds a thousand. */
async function started(...args: string[]): Promise<Started> {
  const redis = await startRedis(...args);
  const connection = connect(`redis://127.0.0.1:${redis.port}`, { commandMilliseconds: 300 });
  await connection.untilUp(10_000);
  const stream = openStream(connection, { queueLength: QUEUE });
  stream.record(0, 10);
  await eventually(async () => expect(await redisCommand(redis.port, 'xlen', STREAM)).toBe(10));
  return { redis, ...stream };
}

/** Waits until the stream is seen to fail, while more decisions come than the queue holds. */
async function fails({ sink, record, dropped }: TestStream, reason: RegExp): Promise<void> {
  record(10, 510);
  await eventually(() => expect(sink.failure).toMatch(reason));
  expect(await dropped()).toBe(0);
  record(510, 2_010);
  await eventually(async () => expect(await dropped()).toBe(1_000));
}

/** Waits until the newest thousand stand there, and nothing is lost any more. */
async function heals({ sink, redis, record, dropped, log }: Started, before: string[]): Promise<void> {
  const waiting = idsOf(numbered(1_010, 2_010));
  await eventually(async () => expect(await storedIds(redis.port)).toEqual([...before, ...waiting]));
  await eventually(() => expect(sink.failure).toBeUndefined());
  record(2_010, 2_020);
  const further = idsOf(numbered(2_010, 2_020));
  await eventually(async () =>
    expect(await storedIds(redis.port)).toEqual([...before, ...waiting, ...further]),
  );
  expect(await dropped()).toBe(1_000);
  const lines = log.map(({ msg }) => String(msg));
  expect(lines.filter((line) => line.includes('cannot be written'))).toHaveLength(1);
  expect(lines.filter((line) => line.includes('dropped'))).toHaveLength(1);
  expect(lines.filter((line) => line.includes('written again'))).toHaveLength(1);
  expect(log.reduce((sum, line) => sum + Number(line['dropped'] ?? 0), 0)).toBe(1_000);
}

const FIRST = idsOf(numbered(0, 10));

describeWithRedis('the decision stream goes on by itself after', () => {
  it('a Redis that was down', async () => {
    const test = await started();
    await test.redis.kill();
    await fails(test, /ECONNREFUSED|not connected|was lost/);
    await test.redis.restart();
    await heals(test, []);
  });

  it('a Redis that was full', async () => {
    const test = await started('--maxmemory-policy', 'noeviction');
    await redisCommand(test.redis.port, 'config', 'set', 'maxmemory', '1');
    await fails(test, /out of memory \(maxmemory\)/);
    expect(await redisCommand(test.redis.port, 'xlen', STREAM)).toBe(10);
    await redisCommand(test.redis.port, 'config', 'set', 'maxmemory', '0');
    await heals(test, FIRST);
  });

  it('a Redis that was a replica', async () => {
    const test = await started();
    await redisCommand(test.redis.port, 'replicaof', '127.0.0.1', '1');
    await fails(test, /is a replica and takes no writes/);
    await redisCommand(test.redis.port, 'replicaof', 'no', 'one');
    await heals(test, FIRST);
  });

  it('another type under its key, which it does not overwrite', async () => {
    const test = await started();
    const { port } = test.redis;
    await redisCommand(port, 'rename', STREAM, 'kept');
    await redisCommand(port, 'set', STREAM, 'of somebody else');
    await fails(test, /^\{tg:decisions\} holds something other than a stream: delete or rename that key$/);
    expect(await redisCommand(port, 'get', STREAM)).toBe('of somebody else');
    await redisCommand(port, 'rename', 'kept', STREAM);
    await heals(test, FIRST);
  });

  it('a user that may not write it', async () => {
    const redis = await startRedis();
    await redisCommand(redis.port, 'acl', 'setuser', 'default', 'resetkeys', '~other');
    const connection = connect(`redis://127.0.0.1:${redis.port}`);
    await connection.untilUp(10_000);
    const { sink, record } = openStream(connection);
    record(0, 10);
    await eventually(() => expect(sink.failure).toMatch(/no permissions|can't access/i));
    await redisCommand(redis.port, 'acl', 'setuser', 'default', 'allkeys');
    await eventually(async () => expect(await storedIds(redis.port)).toEqual(FIRST));
  });

  it('a Redis that hung (SIGSTOP): none is missing, and those that were on the way may stand there twice', async () => {
    const { redis, sink, record, dropped } = await started();
    redis.pause();
    record(10, 510);
    await eventually(() => expect(sink.failure).toMatch(/answer in time|was lost/));
    record(510, 1_010);
    expect(await dropped()).toBe(0);
    redis.resume();
    await eventually(async () => expect((await storedIds(redis.port)).at(-1)).toBe('d1009'));
    const stored = await storedIds(redis.port);
    expect([...new Set(stored)]).toEqual(idsOf(numbered(0, 1_010)));
    expect(stored.length).toBeLessThanOrEqual(1_010 + 200 + 10);
    expect(await dropped()).toBe(0);
  });
});

describeWithRedis('the end of the decision stream', () => {
  it('writes what waits', async () => {
    const { redis, sink, record, dropped } = await started();
    record(10, 910);
    await sink.close();
    expect(await storedIds(redis.port)).toEqual(idsOf(numbered(0, 910)));
    expect(await dropped()).toBe(0);
  });

  it('comes in bounded time with a Redis that hangs, and counts what is lost', async () => {
    const { redis, sink, record, dropped, log } = await started();
    redis.pause();
    record(10, 910);
    const begin = performance.now();
    await sink.close();
    expect(performance.now() - begin).toBeLessThan(5_000);
    expect(await dropped()).toBe(900);
    expect(log.at(-1)).toMatchObject({ msg: expect.stringContaining('dropped'), dropped: 900 });
  });
});

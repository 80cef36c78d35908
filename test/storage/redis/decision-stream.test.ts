import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchRedisCluster } from '../../../tools/redis/cluster.ts';
import { redisCommand } from '../../../tools/redis/command.ts';
import { launchRedis, type RunningRedis } from '../../../tools/redis/launch.ts';
import { decisionOf } from '../../decisions/example.ts';
import { decisionSinkContract, idsOf, numbered } from '../../decisions/sink-contract.ts';
import { entriesOf, openStream, STREAM, storedIds } from './decisions.ts';
import { connect, describeWithRedis, eventually, redisServer, startRedis } from './redis.ts';

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
}

/** Calls of a command that a server has carried out. */
async function callsOf(port: number, command: string): Promise<number> {
  const stats = JSON.stringify(await redisCommand(port, 'info', 'commandstats'));
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

describeWithRedis('the decision stream in Redis', () => {
  let redis: RunningRedis;
  beforeAll(async () => {
    redis = await launchRedis({ binary: redisServer() });
  });
  afterAll(() => redis.stop());

  decisionSinkContract('redis', async (length) => {
    const prefix = randomUUID();
    const connection = connect(`redis://127.0.0.1:${redis.port}`);
    await connection.untilUp(10_000);
    const { sink } = openStream(connection, { prefix, length });
    const kept = async (): Promise<unknown[]> => {
      await sink.close();
      const entries = await entriesOf(redis.port, `{${prefix}:decisions}`);
      return entries.map(({ decision }) => JSON.parse(decision ?? ''));
    };
    return { sink, kept };
  });
});

describeWithRedis('an entry of the decision stream', () => {
  it('has action, tier and route beside the whole decision, and nothing else', async () => {
    const redis = await startRedis();
    const connection = connect(`redis://127.0.0.1:${redis.port}`);
    await connection.untilUp(10_000);
    const { sink } = openStream(connection);
    const first = decisionOf({ route: 'research' });
    const second = decisionOf({ action: 'refuse', tier_asked: undefined, code: 'malformed_json' });
    sink.record(first);
    sink.record(second);
    await eventually(async () =>
      expect(await entriesOf(redis.port)).toEqual([
        { action: 'filter', tier: 'priority', route: 'research', decision: JSON.stringify(first) },
        { action: 'refuse', tier: 'none', route: 'default', decision: JSON.stringify(second) },
      ]),
    );
    expect(await redisCommand(redis.port, 'keys', '*')).toEqual([STREAM]);
  });

  it('of several replicas stands in one stream, each in its order', async () => {
    const redis = await startRedis();
    const replicas = [0, 1, 2].map(() => openStream(connect(`redis://127.0.0.1:${redis.port}`)));
    for (const [index, replica] of replicas.entries()) replica.record(index * 1_000, index * 1_000 + 500);
    await eventually(async () => expect(await redisCommand(redis.port, 'xlen', STREAM)).toBe(1_500));
    const stored = await storedIds(redis.port);
    for (const index of [0, 1, 2]) {
      const ids = idsOf(numbered(index * 1_000, index * 1_000 + 500));
      expect(stored.filter((id) => ids.includes(id))).toEqual(ids);
    }
  });

  it('stands in one slot of a Redis Cluster', async () => {
    const cluster = await launchRedisCluster(redisServer());
    try {
      const connection = connect(`redis+cluster://127.0.0.1:${cluster.nodes[0]?.port}`);
      await connection.untilUp(20_000);
      const { sink, record } = openStream(connection);
      record(0, 300);
      await eventually(async () => expect(await connection.run('xlen', STREAM)).toBe(300));
      expect(sink.failure).toBeUndefined();
    } finally {
      await cluster.stop();
    }
  }, 60_000);
});

describeWithRedis('a hundred thousand decisions', () => {
  it('are written in batches, trimmed, and not kept in memory', async () => {
    const redis = await startRedis();
    const url = `redis://127.0.0.1:${redis.port}`;
    // A command that is given up too early would be repeated, and the counts below would not be these.
    const connection = connect(url, { commandMilliseconds: 20_000 });
    await connection.untilUp(10_000);
    const { sink, record, dropped } = openStream(connection, { length: 5_000 });
    const lastId = async (): Promise<string | undefined> => {
      const [last] = (await redisCommand(redis.port, 'xrevrange', STREAM, '+', '-', 'COUNT', '1')) as [
        string,
        string[],
      ][];
      return last === undefined ? undefined : JSON.parse(last[1].at(-1) ?? '{}').id;
    };
    const round = async (index: number): Promise<void> => {
      record(index * 5_000, (index + 1) * 5_000);
      await eventually(async () => expect(await lastId()).toBe(`d${(index + 1) * 5_000 - 1}`));
    };
    for (let index = 0; index < 4; index += 1) await round(index);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const memory = Number(await redisCommand(redis.port, 'memory', 'usage', STREAM));
    for (let index = 4; index < 20; index += 1) await round(index);
    collectGarbage();
    // 80,000 decisions of half a kilobyte would be 40 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000);
    expect(Number(await redisCommand(redis.port, 'memory', 'usage', STREAM))).toBeLessThan(memory * 1.1);
    expect(await dropped()).toBe(0);
    expect(sink.failure).toBeUndefined();
    const stored = await storedIds(redis.port);
    expect(stored.length).toBeGreaterThanOrEqual(5_000);
    expect(stored.length).toBeLessThanOrEqual(5_100);
    expect(stored).toEqual(idsOf(numbered(100_000 - stored.length, 100_000)));
    expect(await callsOf(redis.port, 'xadd')).toBe(100_000);
    expect(await callsOf(redis.port, 'eval')).toBe(500);
  }, 60_000);

  it('that cannot be written are dropped but for the newest, and not kept in memory', async () => {
    const redis = await startRedis();
    await redis.kill();
    const { record, dropped } = openStream(connect(`redis://127.0.0.1:${redis.port}`), {
      queueLength: 2_000,
    });
    record(0, 20_000);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    record(20_000, 100_000);
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000);
    expect(await dropped()).toBe(98_000);
    await redis.restart();
    await eventually(async () => expect(await redisCommand(redis.port, 'xlen', STREAM)).toBe(2_000));
    expect(await storedIds(redis.port)).toEqual(idsOf(numbered(98_000, 100_000)));
  }, 60_000);
});

import { expect, it } from 'vitest';
import { describeWithRedis, eventually, startRedis } from '../storage/redis/redis.ts';
import { startTestServer } from './support.ts';

describeWithRedis('startServer with Redis that comes and goes', () => {
  it('tells readiness, metrics and log whether it answers, and stays ready', async () => {
    const redis = await startRedis();
    const server = await startTestServer({ TIERGATE_STORE: `redis://127.0.0.1:${redis.port}` });
    const up = async () => /^tiergate_redis_up (\d)$/m.exec(await server.metrics.registry.metrics())?.[1];
    expect([server.readiness().checks['redis'], await up()]).toEqual(['up', '1']);
    await redis.kill();
    await eventually(() => expect(server.readiness().checks['redis']).toMatch(/^down: ./));
    expect([server.readiness().ready, await up()]).toEqual([true, '0']);
    expect(server.log.some(({ msg }) => String(msg).includes('Redis cannot be asked'))).toBe(true);
    await redis.restart();
    await eventually(() => expect(server.readiness().checks['redis']).toBe('up'));
    expect(await up()).toBe('1');
  });
});

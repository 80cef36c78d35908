import { expect, it } from 'vitest';
import { redisCommand } from '../../../tools/redis/command.ts';
import { policyOf } from '../policy-store-contract.ts';
import { describeWithRedis, openReplica, startRedis } from './redis.ts';

const WRITERS = 8;
const SAVES = 200;

describeWithRedis('many writers', () => {
  it(`${WRITERS} × ${SAVES} saves by compare-and-set: each makes one revision, none is lost`, async () => {
    const redis = await startRedis();
    const replicas = await Promise.all(
      Array.from({ length: WRITERS }, () => openReplica(redis, { pollMilliseconds: undefined })),
    );
    const made = new Map<number, string>();
    const write = async (writer: number, store: (typeof replicas)[number]['store']): Promise<void> => {
      let revision = store.status().revision;
      for (let saves = 0, attempts = 0; saves < SAVES; attempts += 1) {
        expect(attempts).toBeLessThan(WRITERS * SAVES * 4);
        const name = `writer ${writer}, save ${saves}`;
        const result = await store.save(policyOf(name), revision, { author: `writer ${writer}`, note: '' });
        if (result.ok) {
          expect(made.has(result.snapshot.revision)).toBe(false);
          made.set(result.snapshot.revision, name);
          revision = result.snapshot.revision;
          saves += 1;
        } else if (result.reason === 'conflict') revision = result.revision;
        else throw new Error(JSON.stringify(result));
      }
    };
    await Promise.all(replicas.map(({ store }, writer) => write(writer, store)));
    expect([...made.keys()].sort((left, right) => left - right)).toEqual(
      Array.from({ length: WRITERS * SAVES }, (_, index) => index + 1),
    );
    expect(await redisCommand(redis.port, 'hget', '{tg:policy}', 'revision')).toBe(String(WRITERS * SAVES));
    const kept = (await replicas[0]?.store.history(1_000)) ?? [];
    expect(kept).toHaveLength(100);
    for (const { revision, document } of kept) expect(document.rules[0]?.name).toBe(made.get(revision));
  }, 120_000);
});

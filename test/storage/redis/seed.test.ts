import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../../src/policy/defaults.ts';
import { redisCommand } from '../../../tools/redis/command.ts';
import { temporaryDirectory, writeJson } from '../file/directory.ts';
import { DETAILS, policyOf, saved } from '../policy-store-contract.ts';
import { connect, describeWithRedis, eventually, openReplica, rulesOf, startRedis } from './redis.ts';

const KEY = '{tg:policy}';

function seedOf(name: string): { file: string; named: boolean } {
  return { file: writeJson(join(temporaryDirectory(), 'policy.json'), policyOf(name)), named: true };
}

describeWithRedis('policy.file and an empty Redis', () => {
  it('ten replicas that start together write it once', async () => {
    const redis = await startRedis();
    const seed = seedOf('seed');
    const replicas = await Promise.all(Array.from({ length: 10 }, () => openReplica(redis, { seed })));
    expect(replicas.flatMap(({ events }) => events)).toMatchObject([
      { kind: 'seeded', epoch: 1, revision: 1 },
    ]);
    expect(await redisCommand(redis.port, 'llen', `${KEY}:revisions`)).toBe(1);
    const first = replicas[0]?.store.snapshot();
    expect(first).toMatchObject({ epoch: 1, revision: 1, author: 'file', document: policyOf('seed') });
    for (const { store } of replicas) expect(store.snapshot()).toEqual(first);
  });

  it('is not read where Redis holds a policy', async () => {
    const redis = await startRedis();
    await openReplica(redis, { seed: seedOf('first') });
    const second = await openReplica(redis, { seed: seedOf('second') });
    expect(rulesOf(second.store)).toEqual(['first']);
  });

  it('never outranks a saved policy: an emptied Redis that a new replica seeds gets the saved one back', async () => {
    const redis = await startRedis();
    const old = await openReplica(redis, { seed: seedOf('seed'), pollMilliseconds: undefined });
    expect(saved(await old.store.save(policyOf('saved'), 1, DETAILS))).toBe(2);
    await redisCommand(redis.port, 'flushall');
    const fresh = await openReplica(redis, { seed: seedOf('other seed') });
    expect(rulesOf(fresh.store)).toEqual(['other seed']);
    // The old replica looks at Redis; the new one is told by a notice.
    expect(await old.store.save(policyOf('x'), 1, DETAILS)).toMatchObject({
      reason: 'conflict',
      revision: 2,
    });
    expect(rulesOf(old.store)).toEqual(['saved']);
    expect(old.events).toMatchObject([
      { kind: 'seeded' },
      { kind: 'written_back', revision: 2, replaced: '1.1' },
    ]);
    await eventually(() => expect(rulesOf(fresh.store)).toEqual(['saved']));
  });

  it('becomes a saved policy when it is saved as it is', async () => {
    const redis = await startRedis();
    const { store } = await openReplica(redis, { seed: seedOf('seed') });
    expect(saved(await store.save(policyOf('seed'), 1, DETAILS))).toBe(2);
    expect(store.snapshot()).toMatchObject({ author: 'alice', document: policyOf('seed') });
    expect(store.snapshot()?.epoch).toBeGreaterThan(1_600_000_000_000);
  });

  it('is the built-in policy, and nothing is written, where nobody named the file and there is none', async () => {
    const redis = await startRedis();
    const seed = { file: join(temporaryDirectory(), 'policy.json'), named: false };
    const { store } = await openReplica(redis, { seed });
    expect(store.status()).toMatchObject({ source: 'built_in', faults: [] });
    expect(store.snapshot()?.document).toEqual(DEFAULT_POLICY);
    expect(await redisCommand(redis.port, 'dbsize')).toBe(0);
  });

  it('fails closed where the named file is absent, heals when it comes, and a save repairs it too', async () => {
    const redis = await startRedis();
    const directory = temporaryDirectory();
    const seed = { file: join(directory, 'policy.json'), named: true };
    const first = await openReplica(redis, { seed });
    expect(first.store.status()).toMatchObject({ source: 'none', faults: [{ file: seed.file }] });
    writeJson(seed.file, policyOf('later'));
    await eventually(() => expect(rulesOf(first.store)).toEqual(['later']));
    expect(first.store.status().faults).toEqual([]);

    const second = await openReplica(redis, {
      prefix: 'other',
      seed: { file: join(directory, 'none'), named: true },
    });
    expect(second.store.current()).toBeUndefined();
    expect(saved(await second.store.save(policyOf('saved'), 0, DETAILS))).toBe(1);
    expect(second.store.status()).toMatchObject({ source: 'stored', faults: [] });
  });
});

describeWithRedis('a start while Redis is down', () => {
  it.each([
    ['closed', { source: 'none', revision: 0 }, undefined],
    ['open', { source: 'reported', revision: 0 }, 'report'],
    ['default', { source: 'built_in', revision: 0 }, undefined],
  ] as const)(
    'takes what on_unavailable: %s says, and Redis when it comes',
    async (onUnavailable, status, enforcement) => {
      const redis = await startRedis();
      await redis.kill();
      const { store } = await openReplica(redis, {
        onUnavailable,
        startMilliseconds: 50,
        seed: seedOf('seed'),
      });
      expect(store.status()).toMatchObject(status);
      expect(store.status().faults).toEqual([
        expect.objectContaining({
          file: 'Redis',
          message: expect.stringMatching(/cannot be read: it cannot be reached \(ECONNREFUSED\)/),
        }),
      ]);
      expect(store.current()?.enforcement).toBe(enforcement);
      expect(store.status().readOnly).toMatch(/Redis is down: it cannot be reached \(ECONNREFUSED\)/);
      expect(await store.save(policyOf('x'), 0, DETAILS)).toMatchObject({
        reason: 'read_only',
        message: expect.stringMatching(/ECONNREFUSED\)$/),
      });
      await redis.restart();
      await eventually(() => expect(rulesOf(store)).toEqual(['seed']));
      expect(store.status()).toMatchObject({
        source: 'stored',
        faults: [],
        problems: [],
        readOnly: undefined,
      });
    },
  );

  it('takes policy.cache, with its revision, and writes it back where Redis comes up empty', async () => {
    const redis = await startRedis();
    const cache = join(temporaryDirectory(), 'cache.json');
    const first = await openReplica(redis, { cache });
    saved(await first.store.save(policyOf('one'), 0, DETAILS));
    const snapshot = first.store.snapshot();
    await first.store.close();
    await redis.kill();
    const second = await openReplica(redis, { cache, startMilliseconds: 50, seed: seedOf('seed') });
    expect(second.store.status()).toMatchObject({
      source: 'cache',
      revision: 1,
      faults: [{ file: 'Redis' }],
    });
    expect(second.store.snapshot()).toEqual(snapshot);
    await redis.restart();
    await eventually(() => expect(second.store.status()).toMatchObject({ source: 'stored', faults: [] }));
    expect(second.store.snapshot()).toEqual(snapshot);
    expect(second.events).toMatchObject([{ kind: 'written_back', revision: 1 }]);
  });

  it('takes the cache of a policy file too, and never writes it to Redis', async () => {
    const redis = await startRedis();
    const writer = await openReplica(redis, { pollMilliseconds: undefined });
    saved(await writer.store.save(policyOf('saved'), 0, DETAILS));
    const strayed = {
      epoch: Date.now() + 1_000_000,
      revision: 50,
      savedAt: '',
      author: 'file',
      note: '',
      document: policyOf('stray'),
    };
    for (const marks of [{}, { key: '{other:policy}', id: 'x', savedAt: new Date().toISOString() }]) {
      const cache = writeJson(join(temporaryDirectory(), 'cache.json'), { ...strayed, ...marks });
      const options = { cache, startMilliseconds: 50, pollMilliseconds: undefined };
      const down = connect('redis://127.0.0.1:1');
      expect(rulesOf((await openReplica(redis, { ...options, connection: down })).store)).toEqual(['stray']);
      expect(
        rulesOf((await openReplica(redis, { ...options, cache, startMilliseconds: 10_000 })).store),
      ).toEqual(['saved']);
      const empty = await openReplica(redis, { cache, prefix: 'empty' });
      expect(empty.store.status()).toMatchObject({ source: 'cache', faults: [] });
      expect(await redisCommand(redis.port, 'exists', '{empty:policy}')).toBe(0);
    }
  });

  it('leaves a cache that is torn or not valid alone, and says where it cannot be written', async () => {
    const redis = await startRedis();
    const directory = temporaryDirectory();
    const cache = writeJson(join(directory, 'cache.json'), {
      epoch: 1,
      revision: 2,
      savedAt: '',
      author: '',
      note: '',
      document: { rules: [{}] },
    });
    const down = connect('redis://127.0.0.1:1');
    const { store } = await openReplica(redis, {
      connection: down,
      cache,
      startMilliseconds: 50,
      pollMilliseconds: undefined,
    });
    expect(store.status().source).toBe('none');
    const unwritable = await openReplica(redis, { cache: join(directory, 'none', 'cache.json') });
    saved(await unwritable.store.save(policyOf('one'), 0, DETAILS));
    expect(unwritable.store.status().problems).toEqual([expect.stringMatching(/policy.cache .*ENOENT/)]);
  });
});

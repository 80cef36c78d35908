import { expect, it } from 'vitest';
import type { PolicyStore } from '../../../src/storage/policy-store.ts';
import { redisCommand } from '../../../tools/redis/command.ts';
import type { RunningRedis } from '../../../tools/redis/launch.ts';
import { writeJson } from '../file/directory.ts';
import { DETAILS, policyOf, saved } from '../policy-store-contract.ts';
import { connect, describeWithRedis, eventually, openReplica, rulesOf, startRedis } from './redis.ts';

const KEY = '{tg:policy}';

async function started(...args: string[]): Promise<{ redis: RunningRedis; store: PolicyStore }> {
  const redis = await startRedis(...args);
  const { store } = await openReplica(redis);
  saved(await store.save(policyOf('one'), 0, DETAILS));
  return { redis, store };
}

/** Waits until a fault shows; the policy in force is still the last good one. */
async function expectFault(store: PolicyStore, fault: Record<string, unknown>): Promise<void> {
  await eventually(() => expect(store.status().faults).toContainEqual(expect.objectContaining(fault)));
  expect(store.status()).toMatchObject({ source: 'stored', revision: 1 });
  expect(rulesOf(store)).toEqual(['one']);
}

/** Puts the good hash back, as it was. */
async function withGoodHash(
  redis: RunningRedis,
  spoil: () => Promise<unknown>,
): Promise<() => Promise<unknown>> {
  const good = (await redisCommand(redis.port, 'hgetall', KEY)) as Record<string, string>;
  await spoil();
  return async () => {
    await redisCommand(redis.port, 'del', KEY);
    await redisCommand(redis.port, 'hset', KEY, ...Object.entries(good).flat());
  };
}

describeWithRedis('what a replica cannot use keeps the last good policy in force, and shows', () => {
  it.each([
    ['a text', ['set', KEY, 'nonsense']],
    ['a list', ['rpush', KEY, 'a', 'b']],
  ])('%s under the key', async (_, command) => {
    const { redis, store } = await started();
    const putBack = await withGoodHash(redis, async () => {
      await redisCommand(redis.port, 'del', KEY);
      await redisCommand(redis.port, ...(command as [string]));
    });
    await expectFault(store, { file: `Redis ${KEY}`, message: 'holds something other than a hash' });
    expect(await store.save(policyOf('x'), 1, DETAILS)).toMatchObject({
      reason: 'read_only',
      message: expect.stringMatching(/did not write, and it is not overwritten/),
    });
    await putBack();
    await eventually(() => expect(store.status().faults).toEqual([]));
  });

  it.each([
    [
      'a format of a newer version',
      ['format', '2', 'id', 'x'],
      { path: 'format', message: 'has the format "2"; this Tiergate reads 1' },
    ],
    ['a revision that is no number', ['revision', '2e3', 'id', 'x'], { path: 'revision' }],
    ['no id', ['id', ''], { path: 'id' }],
    ['an epoch of the built-in policy', ['epoch', '0', 'id', 'x'], { path: 'epoch' }],
  ])('%s: it is never overwritten', async (_, fields, fault) => {
    const { redis, store } = await started();
    const putBack = await withGoodHash(redis, () => redisCommand(redis.port, 'hset', KEY, ...fields));
    await expectFault(store, fault);
    expect(await store.save(policyOf('x'), 1, DETAILS)).toMatchObject({ reason: 'read_only' });
    expect(
      await redisCommand(redis.port, 'hmget', KEY, ...fields.filter((_, index) => index % 2 === 0)),
    ).toEqual(fields.filter((_, index) => index % 2 === 1));
    await putBack();
    await eventually(() => expect(store.status().faults).toEqual([]));
  });

  it('a document that was changed by hand; a save from its revision repairs it', async () => {
    const { redis, store } = await started();
    await redisCommand(redis.port, 'hset', KEY, 'document', '{"rules":[]}', 'id', 'by hand', 'revision', '2');
    await expectFault(store, { path: 'checksum', remedy: expect.stringMatching(/do not edit/) });
    expect(await store.save(policyOf('x'), 1, DETAILS)).toMatchObject({ reason: 'conflict', revision: 2 });
    expect(saved(await store.save(policyOf('three'), 2, DETAILS))).toBe(3);
    expect(store.status().faults).toEqual([]);
  });

  it('a document that is not valid here, by the path of each fault', async () => {
    const redis = await startRedis();
    const { store } = await openReplica(redis);
    saved(await store.save(policyOf('one'), 0, DETAILS));
    const other = await openReplica(redis, { scopes: ['team-b'] });
    const document = { rules: [{ action: 'block', scope: 'team-b' }] };
    saved(await other.store.save(document, 1, DETAILS));
    await expectFault(store, { file: `Redis ${KEY}`, path: 'rules[0].scope' });
    const fresh = await openReplica(redis);
    expect(fresh.store.status()).toMatchObject({ source: 'none', faults: [{ path: 'rules[0].scope' }] });
    saved(await other.store.save(policyOf('three'), 2, DETAILS));
    for (const replica of [store, fresh.store])
      await eventually(() => expect(rulesOf(replica)).toEqual(['three']));
  });

  it('another type under the history: a save changes nothing and names the key', async () => {
    const { redis, store } = await started();
    await redisCommand(redis.port, 'del', `${KEY}:revisions`);
    await redisCommand(redis.port, 'set', `${KEY}:revisions`, 'x');
    expect(await store.save(policyOf('two'), 1, DETAILS)).toEqual({
      ok: false,
      reason: 'read_only',
      message: `Redis did not take the policy: ${KEY}:revisions holds a string, not a list: delete or rename that key`,
    });
    expect(await redisCommand(redis.port, 'hget', KEY, 'revision')).toBe('1');
    expect(await store.history(10)).toEqual([store.snapshot()]);
    expect(await store.rollback(1, 1, DETAILS)).toMatchObject({ reason: 'read_only' });
  });
});

describeWithRedis('a Redis that takes no writes', () => {
  it('a replica: saves are refused with the remedy, and work again when it is a master', async () => {
    const { redis, store } = await started();
    await redisCommand(redis.port, 'replicaof', '127.0.0.1', '1');
    const result = await store.save(policyOf('two'), 1, DETAILS);
    expect(result).toMatchObject({
      reason: 'read_only',
      message: expect.stringMatching(/is a replica and takes no writes: name the master/),
    });
    await redisCommand(redis.port, 'replicaof', 'no', 'one');
    await eventually(async () => saved(await store.save(policyOf('two'), 1, DETAILS)));
    expect(rulesOf(store)).toEqual(['two']);
  });

  it('full: a save changes nothing, and works again when there is room', async () => {
    const { redis, store } = await started('--maxmemory-policy', 'noeviction');
    await redisCommand(redis.port, 'config', 'set', 'maxmemory', '1');
    expect(await store.save(policyOf('two'), 1, DETAILS)).toMatchObject({
      reason: 'read_only',
      message: expect.stringMatching(/out of memory \(maxmemory\)/),
    });
    expect(await redisCommand(redis.port, 'xlen', `${KEY}:audit`)).toBe(1);
    expect(store.status()).toMatchObject({ source: 'stored', revision: 1, faults: [] });
    await redisCommand(redis.port, 'config', 'set', 'maxmemory', '0');
    expect(saved(await store.save(policyOf('two'), 1, DETAILS))).toBe(2);
  });

  it('full and emptied: the policy stays, shows that it cannot be written back, and is when there is room', async () => {
    const { redis, store } = await started('--maxmemory-policy', 'noeviction');
    await redisCommand(redis.port, 'config', 'set', 'maxmemory', '1');
    await redisCommand(redis.port, 'flushall');
    await eventually(() =>
      expect(store.status().problems).toEqual([expect.stringMatching(/cannot be written back: .*maxmemory/)]),
    );
    expect(rulesOf(store)).toEqual(['one']);
    expect(await store.save(policyOf('two'), 1, DETAILS)).toMatchObject({
      reason: 'read_only',
      message: expect.stringMatching(/written back/),
    });
    await redisCommand(redis.port, 'config', 'set', 'maxmemory', '0');
    await eventually(async () => expect(await redisCommand(redis.port, 'hget', KEY, 'revision')).toBe('1'));
    await eventually(() => expect(store.status().problems).toEqual([]));
  });

  it('empty at the first start: nothing is in force until policy.file can be written', async () => {
    const redis = await startRedis('--replicaof', '127.0.0.1 1');
    const file = writeJson(`${redis.folder}/policy.json`, policyOf('seed'));
    const { store } = await openReplica(redis, { seed: { file, named: true } });
    expect(store.status().source).toBe('none');
    expect(store.status().faults[0]?.message).toMatch(/policy.file cannot be written to it: it is a replica/);
    await redisCommand(redis.port, 'replicaof', 'no', 'one');
    await eventually(() => expect(rulesOf(store)).toEqual(['seed']));
  });
});

describeWithRedis('a Redis that does not answer', () => {
  it('killed: the policy stays in force, the status says so, and all heals', async () => {
    const { redis, store } = await started('--appendonly', 'yes', '--appendfsync', 'always');
    const view = store.current();
    await redis.kill();
    await eventually(() =>
      expect(store.status().problems).toEqual([
        expect.stringMatching(/Redis cannot be read: .*stays in force/),
      ]),
    );
    expect(store.status()).toMatchObject({
      source: 'stored',
      revision: 1,
      faults: [],
      readOnly: expect.stringMatching(/down/),
    });
    expect(store.current()).toBe(view);
    expect(await store.history(10)).toEqual([store.snapshot()]);
    await redis.restart();
    await eventually(() => expect(store.status()).toMatchObject({ problems: [], readOnly: undefined }));
    expect(store.current()).toBe(view);
    expect(saved(await store.save(policyOf('two'), 1, DETAILS))).toBe(2);
  });

  it('stopped (SIGSTOP): what is in force is read without a wait, a save ends in bounded time and says what it knows', async () => {
    const redis = await startRedis();
    const connection = connect(`redis://127.0.0.1:${redis.port}`, { commandMilliseconds: 200 });
    const { store } = await openReplica(redis, { connection, startMilliseconds: 500 });
    saved(await store.save(policyOf('one'), 0, DETAILS));
    redis.pause();
    const save = store.save(policyOf('two'), 1, DETAILS);
    expect(rulesOf(store)).toEqual(['one']);
    expect(await save).toMatchObject({ ok: false, reason: 'read_only' });
    await eventually(() => expect(store.status().problems).toHaveLength(1));
    redis.resume();
    await eventually(() => expect(store.status().problems).toEqual([]));
    // The stopped server may have carried it out when it went on: then it is in force, and a save from 1 is a conflict.
    const { revision } = store.status();
    expect(saved(await store.save(policyOf('three'), revision, DETAILS))).toBe(revision + 1);
  });
});

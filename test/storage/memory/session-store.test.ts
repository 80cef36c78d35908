import { expect, it } from 'vitest';
import { openMemorySessionStore } from '../../../src/storage/memory/session-store.ts';
import { hash, sessionStoreContract } from '../session-store-contract.ts';

sessionStoreContract('memory', async (ttlMilliseconds) => {
  const store = openMemorySessionStore({ node: 'here', ttlMilliseconds, now: () => Date.now() });
  return { here: store, there: store, nodes: ['here', 'here'] };
});

it('remembers a bounded number of named sessions, and drops the one that was written longest ago', async () => {
  const store = openMemorySessionStore({ node: 'here', ttlMilliseconds: 1_000, now: () => 0 });
  store.remember(hash('first'), { model: 'm', time: 1 });
  store.remember(hash('second'), { model: 'm', time: 1 });
  for (let count = 0; count < 99_998; count += 1) store.remember(`key ${count}`, { model: 'm', time: 1 });
  store.remember(hash('first'), { model: 'm', time: 1 });
  expect(await store.resume([hash('second')])).toBeDefined();
  store.remember(hash('new'), { model: 'm', time: 1 });
  expect(await store.resume([hash('second')])).toBeUndefined();
  expect(await store.resume([hash('first')])).toBeDefined();
  await store.close();
});

import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { OpenSession, SessionStore } from '../../src/storage/session-store.ts';

/** Stores of two processes that share what they can; for memory both are the same. */
export interface SessionStores {
  readonly here: SessionStore;
  readonly there: SessionStore;
  /** Names of their processes. */
  readonly nodes: readonly [here: string, there: string];
}

/** A hash as the key of a named session is one. */
export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A socket with an id of its own. */
export function sessionOf(changes: Partial<OpenSession> = {}): OpenSession {
  return {
    id: randomUUID().replaceAll('-', ''),
    requestId: 'envoy-1',
    route: 'default',
    dialect: 'openai-responses',
    scope: 'team-a',
    user: undefined,
    model: undefined,
    turns: 0,
    openedAt: 1_700_000_000_000,
    changedAt: 1_700_000_000_000,
    ...changes,
  };
}

/** Waits until an assertion holds: writes are behind. */
export function soon(assertion: () => unknown): Promise<unknown> {
  return vi.waitFor(assertion, { timeout: 10_000, interval: 10 });
}

/**
 * What every session store does, run against each of them.
 *
 * @param open stores that hold nothing yet and remember a named session for `ttlMilliseconds`
 */
export function sessionStoreContract(
  name: string,
  open: (ttlMilliseconds: number) => Promise<SessionStores>,
): void {
  async function opened(ttlMilliseconds = 60_000): Promise<SessionStores> {
    const stores = await open(ttlMilliseconds);
    onTestFinished(async () => {
      await stores.here.close();
      await stores.there.close();
    });
    return stores;
  }

  const listed = async (store: SessionStore, limit = 100) => {
    const { sessions, incomplete } = await store.list(limit);
    expect(incomplete).toBeUndefined();
    return sessions;
  };

  describe(`a session store: ${name}`, () => {
    it('lists the sockets of all processes with all that is known of them, newest first', async () => {
      const { here, there, nodes } = await opened();
      const old = sessionOf({ openedAt: 1_000, user: 'u-1', model: 'gpt-5', turns: 3, changedAt: 5_000 });
      const young = sessionOf({ openedAt: 2_000, scope: undefined, requestId: undefined });
      here.put(old);
      there.put(young);
      const wanted = [
        { ...young, node: nodes[1] },
        { ...old, node: nodes[0] },
      ];
      for (const store of [here, there]) {
        await soon(async () => expect(await listed(store)).toEqual(wanted));
      }
      expect(await listed(here, 1)).toEqual(wanted.slice(0, 1));
    });

    it('shows what has changed of a socket, and no socket that is over', async () => {
      const { here, there } = await opened();
      const changing = { ...sessionOf(), model: 'one', turns: 1 };
      const over = sessionOf({ openedAt: 5 });
      here.put(changing);
      here.put(over);
      await soon(async () => expect(await listed(there)).toHaveLength(2));
      Object.assign(changing, { model: 'two', turns: 2 });
      here.put(changing);
      here.delete(over.id);
      here.delete('unknown');
      await soon(async () => expect(await listed(there)).toMatchObject([{ model: 'two', turns: 2 }]));
    });

    it('knows no session that nobody has named', async () => {
      const { here } = await opened();
      expect(await here.resume([hash('a')])).toBeUndefined();
      expect(await here.resume([])).toBeUndefined();
    });

    it('remembers what a named session has captured, for every process', async () => {
      const { here, there } = await opened();
      here.remember(hash('a'), { model: 'gpt-5 ü', time: 5 });
      await soon(async () => {
        expect(await there.resume([hash('a')])).toEqual({ model: 'gpt-5 ü', time: 5 });
      });
      expect(await there.resume([hash('b')])).toBeUndefined();
    });

    it('finds at once what its own process has written', async () => {
      const { here } = await opened();
      here.remember(hash('a'), { model: 'one', time: 5 });
      here.remember(hash('a'), { model: 'two', time: 5 });
      here.remember(hash('a'), { model: 'old', time: 4 });
      expect(await here.resume([hash('a')])).toEqual({ model: 'two', time: 5 });
    });

    it('lets the newest writer win, whoever comes last', async () => {
      const { here, there } = await opened();
      here.remember(hash('a'), { model: 'new', time: 9 });
      await soon(async () => expect(await there.resume([hash('a')])).toMatchObject({ time: 9 }));
      there.remember(hash('a'), { model: 'old', time: 8 });
      there.remember(hash('b'), { model: 'behind it', time: 1 });
      await soon(async () => expect(await here.resume([hash('b')])).toBeDefined());
      for (const store of [here, there]) {
        expect(await store.resume([hash('a')])).toEqual({ model: 'new', time: 9 });
      }
    });

    it('reads under several keys, of which the newest counts', async () => {
      const { here } = await opened();
      here.remember(hash('a'), { model: 'old', time: 1 });
      here.remember(hash('b'), { model: 'new', time: 2 });
      for (const keys of [
        [hash('a'), hash('b')],
        [hash('b'), hash('a')],
        [hash('none'), hash('b')],
      ]) {
        expect(await here.resume(keys)).toEqual({ model: 'new', time: 2 });
      }
    });

    it('keeps no model that is too long, but that there was one', async () => {
      const { here, there } = await opened();
      here.remember(hash('a'), { model: 'm'.repeat(256), time: 1 });
      await soon(async () => expect((await there.resume([hash('a')]))?.model).toHaveLength(256));
      here.remember(hash('a'), { model: 'm'.repeat(257), time: 2 });
      await soon(async () => expect(await there.resume([hash('a')])).toEqual({ model: '', time: 2 }));
    });

    it('forgets a named session after its time, and later where it is written again', async () => {
      const { here, there } = await opened(400);
      here.remember(hash('a'), { model: 'one', time: 1 });
      here.remember(hash('b'), { model: 'one', time: 1 });
      await soon(async () => expect(await there.resume([hash('b')])).toBeDefined());
      await soon(async () => {
        here.remember(hash('b'), { model: 'one', time: 1 });
        expect(await there.resume([hash('a')])).toBeUndefined();
      });
      expect(await there.resume([hash('b')])).toEqual({ model: 'one', time: 1 });
    });

    it('tells the process that holds a socket to end it, and nobody else', async () => {
      const { here, there } = await opened();
      const told: string[] = [];
      here.onEnd((id) => told.push(`here ${id}`));
      if (there !== here) there.onEnd((id) => told.push(`there ${id}`));
      const session = sessionOf();
      here.put(session);
      await soon(async () => expect(await there.end(session.id)).toBe(true));
      await soon(() => expect(new Set(told)).toEqual(new Set([`here ${session.id}`])));
      expect(await here.end(session.id)).toBe(true);
    });

    it('says where nobody holds a socket', async () => {
      const { here } = await opened();
      expect(await here.end(sessionOf().id)).toBe(false);
      expect(await here.end('no id\r\n')).toBe(false);
    });

    it('tells nobody who has stopped listening', async () => {
      const { here } = await opened();
      const told: string[] = [];
      const stop = here.onEnd((id) => told.push(id));
      const session = sessionOf();
      here.put(session);
      await here.end(session.id);
      stop();
      await here.end(session.id);
      expect(told).toEqual([session.id]);
    });
  });
}

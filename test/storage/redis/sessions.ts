import { onTestFinished } from 'vitest';
import type { RedisClientOptions } from '../../../src/storage/redis/clients.ts';
import {
  openRedisSessionStore,
  type RedisSessionStoreOptions,
} from '../../../src/storage/redis/session-store.ts';
import type { SessionStore } from '../../../src/storage/session-store.ts';
import type { RunningRedis } from '../../../tools/redis/launch.ts';
import { connect } from './redis.ts';

/** The sessions of one process in a test. */
export interface TestSessions {
  readonly store: SessionStore;
  /** Writes that were lost. */
  dropped: number;
}

/** Opens sessions over a connection of their own, which is up; both end with the test. */
export async function openSessions(
  place: RunningRedis | string,
  node: string,
  options: Partial<RedisSessionStoreOptions> = {},
  client: Partial<RedisClientOptions> = {},
): Promise<TestSessions> {
  const url = typeof place === 'string' ? place : `redis://127.0.0.1:${place.port}`;
  const connection = connect(url, client);
  await connection.untilUp(10_000);
  const store = openRedisSessionStore({
    connection,
    prefix: 'tg',
    node,
    ttlMilliseconds: 60_000,
    onDropped: (count) => {
      sessions.dropped += count;
    },
    ...options,
  });
  const sessions: TestSessions = { store, dropped: 0 };
  onTestFinished(() => store.close());
  return sessions;
}

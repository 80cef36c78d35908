import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { openMemorySessionStore } from '../storage/memory/session-store.ts';
import type { RedisConnection } from '../storage/redis/connection.ts';
import { openRedisSessionStore } from '../storage/redis/session-store.ts';
import type { SessionStore } from '../storage/session-store.ts';
import type { Settings } from './schema.ts';
import { storeSettings } from './store-schema.ts';

/** Most characters of the machine's name in that of a process. */
const MAX_HOST = 63;

/** A name that no other process has, and that tells an operator where it runs. */
function nodeName(): string {
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, MAX_HOST);
  return `${host}-${randomBytes(6).toString('hex')}`;
}

/**
 * Opens the session store that the configuration names.
 *
 * @param redis undefined for the memory store
 * @param onDropped hears how many writes were lost
 */
export function openConfiguredSessions(
  settings: Pick<Settings, 'store' | 'sessions'>,
  redis: RedisConnection | undefined,
  onDropped: (count: number) => void,
): SessionStore {
  const options = { node: nodeName(), ttlMilliseconds: settings.sessions.ttl };
  if (redis === undefined) return openMemorySessionStore({ ...options, now: () => Date.now() });
  const { prefix } = storeSettings(settings.store);
  return openRedisSessionStore({ ...options, connection: redis, prefix, onDropped });
}

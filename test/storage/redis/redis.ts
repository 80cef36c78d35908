import { describe, onTestFinished, vi } from 'vitest';
import type { PolicyStore } from '../../../src/storage/policy-store.ts';
import type { RedisClientOptions } from '../../../src/storage/redis/clients.ts';
import { openRedis, type RedisConnection } from '../../../src/storage/redis/connection.ts';
import {
  openRedisPolicyStore,
  type RedisPolicyEvent,
  type RedisPolicyStoreOptions,
} from '../../../src/storage/redis/policy-store.ts';
import { parseRedisUrl, type RedisLocation } from '../../../src/storage/redis/url.ts';
import { findRedisServer } from '../../../tools/redis/find.ts';
import { launchRedis, type RunningRedis } from '../../../tools/redis/launch.ts';

/** The server that the tests start, or undefined where the machine has none. */
export const REDIS_SERVER = findRedisServer();

/** Tests that need a Redis server: skipped by name where there is none, except under `CI`. */
export const describeWithRedis = describe.skipIf(REDIS_SERVER === undefined);

/** The path of the server, for a test of {@link describeWithRedis}. */
export function redisServer(): string {
  if (REDIS_SERVER === undefined) throw new Error('a test without a Redis server');
  return REDIS_SERVER;
}

/** A server that ends with the test. */
export async function startRedis(...args: readonly string[]): Promise<RunningRedis> {
  const redis = await launchRedis({ binary: redisServer(), args });
  onTestFinished(() => redis.stop());
  return redis;
}

/** What a URL of a test says. */
export function locationOf(url: string): RedisLocation {
  const reading = parseRedisUrl(url, 'url');
  if (!reading.ok) throw new Error(reading.fault.message);
  return reading.location;
}

/** A connection that ends with the test. */
export function connect(url: string, options: Partial<RedisClientOptions> = {}): RedisConnection {
  const location = locationOf(url);
  const connection = openRedis({
    location,
    tls: undefined,
    connectMilliseconds: 2_000,
    commandMilliseconds: 1_000,
    ...options,
  });
  onTestFinished(() => connection.close());
  return connection;
}

/** A replica of the policy in a test. */
export interface TestReplica {
  readonly store: PolicyStore;
  readonly connection: RedisConnection;
  readonly events: readonly RedisPolicyEvent[];
}

/** Opens a store over a connection of its own; both end with the test. Nothing seeds it unless told to. */
export async function openReplica(
  place: RunningRedis | string,
  options: Partial<RedisPolicyStoreOptions> = {},
): Promise<TestReplica> {
  const url = typeof place === 'string' ? place : `redis://127.0.0.1:${place.port}`;
  const events: RedisPolicyEvent[] = [];
  const connection = options.connection ?? connect(url);
  const store = await openRedisPolicyStore({
    connection,
    prefix: 'tg',
    seed: { file: '', named: false },
    cache: '',
    onUnavailable: 'closed',
    scopes: ['team-a'],
    startMilliseconds: 10_000,
    pollMilliseconds: 250,
    onEvent: (event) => events.push(event),
    ...options,
  });
  onTestFinished(() => store.close());
  return { store, connection, events };
}

/** Waits until an assertion holds. */
export function eventually(assertion: () => unknown, timeout = 15_000): Promise<unknown> {
  return vi.waitFor(assertion, { timeout, interval: 20 });
}

/** The names of the rules in force; undefined for no policy. */
export function rulesOf(store: PolicyStore): readonly string[] | undefined {
  return store.current()?.policy.rules.map(({ name }) => name);
}

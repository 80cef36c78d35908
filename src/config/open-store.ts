import { openFilePolicyStore } from '../storage/file/policy-store.ts';
import { openMemoryPolicyStore } from '../storage/memory/policy-store.ts';
import type { PolicyStore } from '../storage/policy-store.ts';
import { openRedis, type RedisConnection } from '../storage/redis/connection.ts';
import { openRedisPolicyStore, type RedisPolicyEvent } from '../storage/redis/policy-store.ts';
import type { Configuration } from './load.ts';
import { redisOf, redisOptions } from './redis-options.ts';

/** How often a long-running process looks for changes beside the notices that it gets, in milliseconds. */
const FILE_POLL_MILLISECONDS = 1_000;
const REDIS_POLL_MILLISECONDS = 2_000;
/** How long a start waits for Redis before `policy.cache` or `policy.on_unavailable` decides. */
const REDIS_START_MILLISECONDS = 3_000;

/** What is stored, and where. */
export interface OpenStore {
  readonly policy: PolicyStore;
  /** Undefined without Redis. */
  readonly redis: RedisConnection | undefined;
  close(): Promise<void>;
}

/** How a store is opened. */
export interface OpenOptions {
  /** Follow changes, and give an empty Redis the policy of `policy.file`: what the service does, and a command does not. */
  readonly serve: boolean;
  /** What the process does to Redis by itself, for the log. */
  readonly onEvent?: (event: RedisPolicyEvent) => void;
}

/** Opens the store that the configuration names. @throws Error for a TLS file that cannot be read */
export async function openConfiguredStore(
  configuration: Configuration,
  { serve, onEvent = () => undefined }: OpenOptions,
): Promise<OpenStore> {
  const { settings, policyFileNamed } = configuration;
  const { scopes, policy } = settings;
  const choice = redisOf(settings);
  if (choice !== undefined) {
    const redis = openRedis(redisOptions(choice));
    const store = await openRedisPolicyStore({
      connection: redis,
      prefix: choice.store.prefix,
      seed: serve ? { file: policy.file, named: policyFileNamed } : { file: '', named: false },
      cache: policy.cache,
      onUnavailable: policy.on_unavailable,
      scopes,
      startMilliseconds: REDIS_START_MILLISECONDS,
      pollMilliseconds: serve ? REDIS_POLL_MILLISECONDS : undefined,
      onEvent,
    });
    return {
      policy: store,
      redis,
      async close() {
        await store.close();
        await redis.close();
      },
    };
  }
  const store =
    policy.file === ''
      ? openMemoryPolicyStore({ scopes })
      : await openFilePolicyStore({
          file: policy.file,
          named: policyFileNamed,
          cache: policy.cache,
          onUnavailable: policy.on_unavailable,
          scopes,
          pollMilliseconds: serve ? FILE_POLL_MILLISECONDS : undefined,
        });
  return { policy: store, redis: undefined, close: () => store.close() };
}

import type { RedisClientOptions } from '../storage/redis/clients.ts';
import { readRedisTls } from '../storage/redis/tls.ts';
import { parseRedisUrl, type RedisLocation } from '../storage/redis/url.ts';
import type { Settings } from './schema.ts';
import { type StoreSettings, storeSettings } from './store-schema.ts';

/** Redis as the configuration names it. */
export interface RedisChoice {
  readonly location: RedisLocation;
  readonly store: StoreSettings;
}

/** Undefined for the memory store, and for a URL with a fault. */
export function redisOf(settings: Pick<Settings, 'store'>): RedisChoice | undefined {
  const store = storeSettings(settings.store);
  if (store.url === 'memory') return undefined;
  const reading = parseRedisUrl(store.url, 'store');
  if (!reading.ok) return undefined;
  const { location } = reading;
  return {
    store,
    location: {
      ...location,
      username: store.username === '' ? location.username : store.username,
      password: store.password === '' ? location.password : store.password,
    },
  };
}

/** @throws Error that names the key of a TLS file that cannot be read */
export function redisOptions({ location, store }: RedisChoice): RedisClientOptions {
  return {
    location,
    tls: location.tls
      ? readRedisTls({
          caFile: store.ca_file,
          certFile: store.cert_file,
          keyFile: store.key_file,
          serverName: store.server_name,
        })
      : undefined,
    sentinelUsername: store.sentinel_username === '' ? undefined : store.sentinel_username,
    sentinelPassword: store.sentinel_password === '' ? undefined : store.sentinel_password,
    connectMilliseconds: store.connect_timeout,
    commandMilliseconds: store.command_timeout,
  };
}

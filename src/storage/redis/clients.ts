import type { ConnectionOptions } from 'node:tls';
import { Cluster, type CommonRedisOptions, Redis, type RedisOptions } from 'ioredis';
import { backOff } from './back-off.ts';
import type { HostPort, RedisLocation } from './url.ts';

/** How the clients of one Redis are made. */
export interface RedisClientOptions {
  readonly location: RedisLocation;
  /** With TLS. */
  readonly tls: ConnectionOptions | undefined;
  /** Credentials of the sentinels, where they ask for some; most do not. */
  readonly sentinelUsername?: string | undefined;
  readonly sentinelPassword?: string | undefined;
  /** Milliseconds for a connection, TLS included. */
  readonly connectMilliseconds: number;
  /** Milliseconds for the answer to a command; a connection that stays silent longer is replaced. */
  readonly commandMilliseconds: number;
}

/** A client for commands. */
export type RedisClient = Redis | Cluster;

/** Milliseconds between the keep-alive probes of the system. */
const KEEP_ALIVE_MILLISECONDS = 10_000;
/** A command that a cluster sends on follows this often; each wait between is 100 ms. */
const CLUSTER_REDIRECTIONS = 6;

/** A master that became a replica stays connected: the next connection is to find the new master. */
function isDemoted(error: Error): boolean {
  return error.message.startsWith('READONLY');
}

/** Options of the library; the one left out is typed in a way that exact optional properties refuse. */
type Options<T> = Omit<T, 'replyMapping'>;

function common({
  location,
  tls,
  connectMilliseconds,
  commandMilliseconds,
}: RedisClientOptions): Options<CommonRedisOptions> {
  return {
    // RESP2 is what Valkey, old servers and proxies speak too, and needs no HELLO.
    protocol: 2,
    username: location.username,
    password: location.password,
    connectionName: 'tiergate',
    // CLIENT SETINFO is an error before Redis 7.2.
    disableClientInfo: true,
    connectTimeout: connectMilliseconds,
    commandTimeout: commandMilliseconds,
    socketTimeout: commandMilliseconds,
    keepAlive: KEEP_ALIVE_MILLISECONDS,
    // Nothing is kept for later: a command fails at once where it cannot be sent, and is never sent twice.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // The library would leave its rejection unhandled; `Subscriber` subscribes.
    autoResubscribe: false,
    reconnectOnError: isDemoted,
    ...(tls === undefined ? {} : { tls }),
  };
}

function place(options: RedisClientOptions): Options<RedisOptions> {
  const { address, database } = options.location;
  switch (address.kind) {
    case 'single':
      return { host: address.host, port: address.port, db: database };
    case 'cluster':
      return { db: database };
    case 'sentinel':
      return {
        sentinels: address.sentinels.map((sentinel) => ({ ...sentinel })),
        name: address.master,
        role: 'master',
        db: database,
        sentinelUsername: options.sentinelUsername,
        sentinelPassword: options.sentinelPassword,
        sentinelRetryStrategy: backOff,
        sentinelCommandTimeout: options.commandMilliseconds,
        ...(options.tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: options.tls }),
      };
  }
}

/** Makes the client for commands; it begins to connect, and goes on for ever. */
export function createCommandClient(options: RedisClientOptions): RedisClient {
  const { address } = options.location;
  if (address.kind !== 'cluster') {
    return new Redis({
      ...common(options),
      ...place(options),
      enableOfflineQueue: false,
      retryStrategy: backOff,
    });
  }
  return new Cluster(
    address.nodes.map((node) => ({ ...node })),
    {
      redisOptions: common(options),
      enableOfflineQueue: false,
      clusterRetryStrategy: backOff,
      maxRedirections: CLUSTER_REDIRECTIONS,
      slotsRefreshTimeout: options.commandMilliseconds,
      // A certificate names hosts, not the addresses that they lead to.
      ...(options.tls === undefined ? {} : { dnsLookup: (host, callback) => callback(null, host) }),
    },
  );
}

function nodeOf(client: RedisClient, options: RedisClientOptions): HostPort | undefined {
  const { address } = options.location;
  if (address.kind !== 'cluster') return undefined;
  const known = client instanceof Cluster ? client.nodes('all') : [];
  const nodes = known.map((node) => ({ host: node.options.host ?? '', port: node.options.port ?? 0 }));
  const choice = nodes.length === 0 ? address.nodes : nodes;
  return choice[Math.floor(Math.random() * choice.length)];
}

/**
 * Makes a client for subscriptions. In a cluster it is one for a random node, as each passes every message on, and it
 * does not reconnect: another node may be the one to ask. Elsewhere it reconnects for ever.
 */
export function createSubscriberClient(client: RedisClient, options: RedisClientOptions): Redis {
  const node = nodeOf(client, options);
  return new Redis({
    ...common(options),
    ...place(options),
    ...(node ?? {}),
    enableOfflineQueue: false,
    retryStrategy: node === undefined ? backOff : null,
  });
}

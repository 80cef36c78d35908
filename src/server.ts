import type { Logger } from 'pino';
import { exchangeSettings } from './config/exchange-settings.ts';
import { readHashKeys } from './config/hash-keys.ts';
import { heldTotalBytes, heldTotalWarning, processMemory } from './config/held-total.ts';
import type { Configuration } from './config/load.ts';
import { openConfiguredSessions } from './config/open-sessions.ts';
import { openConfiguredStore } from './config/open-store.ts';
import type { Settings } from './config/schema.ts';
import { storeSettings } from './config/store-schema.ts';
import { readTlsFiles } from './config/tls-files.ts';
import type { ListenAddress } from './config/values.ts';
import { logSink } from './decisions/log-sink.ts';
import { metricsSink } from './decisions/metrics-sink.ts';
import { type RecentDecisions, recentRing } from './decisions/recent-ring.ts';
import { fanOut } from './decisions/sink.ts';
import { StreamSink } from './decisions/stream-sink.ts';
import { createExchangeFactory } from './exchange/exchange-factory.ts';
import { createContentDecoder } from './extproc/content-decoder.ts';
import { heldBudget } from './extproc/held-budget.ts';
import { OpenSockets } from './extproc/open-sockets.ts';
import { createRandomSource } from './extproc/random-source.ts';
import { SocketSessions } from './extproc/socket-sessions.ts';
import { openStream } from './extproc/stream.ts';
import type { StreamEnvironment } from './extproc/stream-environment.ts';
import { createIdSource } from './extproc/stream-ids.ts';
import { systemClock } from './extproc/system-clock.ts';
import { startGrpcServer } from './extproc/transport/grpc-server.ts';

import { describeFault } from './service/describe-fault.ts';
import { followPolicy, followRedis, readinessOf } from './service/status.ts';
import { createObserver } from './service/stream-observer.ts';
import type { PolicyStore } from './storage/policy-store.ts';
import type { RedisConnection } from './storage/redis/connection.ts';
import { redisDecisionStream } from './storage/redis/decision-stream.ts';
import type { SessionStore } from './storage/session-store.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { type OpsServer, type Readiness, startOpsServer } from './telemetry/ops-server.ts';

/** What `startServer` is given beside the configuration. */
export interface ServerOptions {
  readonly logger: Logger;
  /** Also measure Node's own metrics; left out: true. */
  readonly processMetrics?: boolean;
}

/** A running Tiergate. */
export interface TiergateServer {
  /** Where it listens, with the ports that were taken; `ops` is undefined where it is off. */
  readonly addresses: { readonly grpc: string; readonly ops: string | undefined };
  readonly policy: PolicyStore;
  /** Open sockets of all replicas, and how one is ended. */
  readonly sessions: Pick<SessionStore, 'list' | 'end'>;
  readonly recentDecisions: RecentDecisions;
  readonly metrics: Metrics;
  /** What an operator should know and nothing else tells. */
  readonly warnings: readonly string[];
  readiness(): Readiness;
  /** Says that it goes, serves for `limits.drain_grace`, lets streams end within `limits.drain`, and closes. */
  drain(): Promise<void>;
  /** Closes at once; open streams are reset. */
  close(): Promise<void>;
}

/** Envoy resets a stream as soon as it has an immediate response; this is for one that does not. */
const ANSWERED_TIMEOUT_MILLISECONDS = 5_000;

function addressText(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** What writes decisions to Redis; undefined without Redis, and where `decisions.stream` is false. */
function openDecisionStream(
  connection: RedisConnection | undefined,
  settings: Settings,
  logger: Logger,
  metrics: Metrics,
): StreamSink | undefined {
  const { stream, stream_length: length, stream_queue: queueLength } = settings.decisions;
  if (connection === undefined || !stream) return undefined;
  const { prefix } = storeSettings(settings.store);
  const append = redisDecisionStream({ connection, prefix, length });
  return new StreamSink({ append, queueLength, logger, metrics });
}

/**
 * Puts the parts together and starts them.
 *
 * @throws Error that says what cannot be had (an address, a TLS file) and what to do; nothing is left running
 */
export async function startServer(
  configuration: Configuration,
  options: ServerOptions,
): Promise<TiergateServer> {
  const { settings } = configuration;
  const { logger } = options;
  const tls = readTlsFiles(settings.tls.grpc);
  const hashKeys = readHashKeys(settings.sessions.hash_key_file);
  const memory = processMemory();
  const held = heldBudget(heldTotalBytes(settings.limits, memory));
  const metrics = createMetrics(options.processMetrics ?? true, () => held.held);
  const onFault = (where: string) => (fault: unknown) => {
    metrics.faults.inc({ where });
    logger.error({ place: where, fault: describeFault(fault) }, 'fault of Tiergate');
  };
  const sockets = new OpenSockets();
  metrics.heldLimitBytes.set(held.limit);

  const stores = await openConfiguredStore(configuration, {
    serve: true,
    onEvent: (event) => logger.warn({ event }, event.message),
  });
  const { policy } = stores;
  const recentDecisions = recentRing();
  const stream = openDecisionStream(stores.redis, settings, logger, metrics);
  const sink = fanOut(
    [logSink(logger), metricsSink(metrics), recentDecisions, ...(stream === undefined ? [] : [stream])],
    onFault('decisions'),
  );
  const observer = createObserver(logger, metrics, sink);
  const sessions = openConfiguredSessions(settings, stores.redis, (count) =>
    metrics.sessionWritesDropped.inc(count),
  );
  sessions.onEnd((id) => sockets.end(id, 'operator'));
  const stop: (() => Promise<void>)[] = [() => sink.close(), () => sessions.close(), () => stores.close()];
  try {
    followPolicy(policy, settings, logger, metrics);
    if (stores.redis !== undefined) followRedis(stores.redis, logger, metrics);
    const environment: StreamEnvironment = {
      exchanges: createExchangeFactory({
        settings: exchangeSettings(settings),
        currentPolicy: () => policy.current(),
        held,
        randomBytes: createRandomSource(),
      }),
      held,
      sockets,
      sessions: new SocketSessions({
        store: sessions,
        hashKeys,
        refreshMilliseconds: settings.sessions.ttl / 4,
        ...systemClock,
      }),
      decoder: createContentDecoder(),
      observer,
      newId: createIdSource(),
      ...systemClock,
      answeredTimeoutMs: ANSWERED_TIMEOUT_MILLISECONDS,
    };
    const grpc = await startGrpcServer({
      address: addressText(settings.listen.grpc),
      socketMode: Number.parseInt(settings.listen.grpc_mode, 8),
      tls,
      maxBodyBytes: settings.limits.body,
      held,
      observer,
      open: (stream) => openStream(stream, environment),
    });
    stop.unshift(async () => grpc.close());
    const readiness = (): Readiness => readinessOf({ policy, redis: stores.redis, stream, settings });
    const ops = await startOps(settings, metrics, readiness, onFault('ops'));
    if (ops !== undefined) stop.unshift(() => ops.close());
    grpc.setServing(true);
    const warning = heldTotalWarning(settings.limits, memory);
    const close = async (): Promise<void> => {
      for (const part of stop.splice(0)) await part();
    };
    return {
      addresses: { grpc: grpc.address, ops: ops?.address },
      policy,
      sessions,
      recentDecisions,
      metrics,
      warnings: warning === undefined ? [] : [warning],
      readiness,
      async drain() {
        await grpc.drain({
          graceMs: settings.limits.drain_grace,
          limitMs: settings.limits.drain,
          onGraceOver: () => sockets.endAll('draining'),
        });
        await close();
      },
      close,
    };
  } catch (error) {
    for (const part of stop) await part();
    throw error;
  }
}

async function startOps(
  settings: Settings,
  metrics: Metrics,
  readiness: () => Readiness,
  onFault: (fault: unknown) => void,
): Promise<OpsServer | undefined> {
  const address = settings.listen.ops;
  if (address === undefined) return undefined;
  const { host, port } = address;
  try {
    return await startOpsServer({ host, port, registry: metrics.registry, readiness, onFault });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Error(
      `listen.ops cannot listen on ${addressText(address)} (${code}): choose another address, or "off"`,
    );
  }
}

import type { Logger } from 'pino';
import type { Settings } from '../config/schema.ts';
import type { StreamSink } from '../decisions/stream-sink.ts';
import { formatFault } from '../storage/faults.ts';
import type { PolicyStore } from '../storage/policy-store.ts';
import type { RedisConnection } from '../storage/redis/connection.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Readiness } from '../telemetry/ops-server.ts';

/** Tells log and metrics of the policy, now and at each change. */
export function followPolicy(store: PolicyStore, settings: Settings, logger: Logger, metrics: Metrics): void {
  let shown = { revision: -1, source: '', faults: '', problems: '' };
  const follow = (): void => {
    const status = store.status();
    const { revision, source, faults, problems, lint } = status;
    const now = { revision, source, faults: JSON.stringify(faults), problems: JSON.stringify(problems) };
    metrics.policyRevision.set(revision);
    metrics.policyRules.set(store.snapshot()?.document.rules.length ?? 0);
    metrics.policyDegraded.set(faults.length > 0 ? 1 : 0);
    metrics.enforcing.set(settings.policy.enforcement === 'enforce' && source !== 'reported' ? 1 : 0);
    if (now.revision !== shown.revision || now.source !== shown.source) {
      const warnings = lint.map(({ path, text }) => `${path}: ${text}`);
      logger.info({ revision, source, author: store.snapshot()?.author, warnings }, 'policy in force');
    }
    if (now.faults !== shown.faults && faults.length > 0) {
      metrics.policyLoadFaults.inc();
      logger.error({ revision, source, faults: faults.map(formatFault) }, 'the newest policy cannot be used');
    }
    if (now.problems !== shown.problems) for (const problem of problems) logger.warn(problem);
    shown = now;
  };
  follow();
  store.onChange(follow);
}

/** Tells log and metrics whether Redis can be asked, now and at each change. */
export function followRedis(redis: RedisConnection, logger: Logger, metrics: Metrics): void {
  const follow = (): void => {
    const { health } = redis;
    metrics.redisUp.set(health.state === 'up' ? 1 : 0);
    if (health.state === 'up') logger.info('Redis answers');
    else logger.warn({ reason: health.reason }, 'Redis cannot be asked; what is in force stays');
  };
  follow();
  redis.onHealth(follow);
}

/** What `/readyz` is made from. */
export interface ReadinessParts {
  readonly policy: PolicyStore;
  readonly redis: RedisConnection | undefined;
  readonly stream: StreamSink | undefined;
  readonly settings: Settings;
}

/** Ready is who has a policy; everything else is told and changes nothing. */
export function readinessOf({ policy, redis, stream, settings }: ReadinessParts): Readiness {
  const { revision, source, faults } = policy.status();
  const checks: Record<string, string> = {
    policy: `${source}, revision ${revision}`,
    enforcement: source === 'reported' ? 'report' : settings.policy.enforcement,
  };
  if (faults.length > 0) checks['policy_faults'] = faults.map(formatFault).join('; ');
  if (redis !== undefined)
    checks['redis'] = redis.health.state === 'up' ? 'up' : `down: ${redis.health.reason}`;
  if (stream?.failure !== undefined) checks['decision_stream'] = stream.failure;
  return { ready: policy.current() !== undefined, checks };
}

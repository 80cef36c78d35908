import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Buckets in seconds: a verdict takes tens of microseconds, a 64 MiB body some hundred milliseconds. */
const VERDICT_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** All metrics of the process. Their names, labels and help are the interface; `docs/metrics.md` lists them. */
export interface Metrics {
  readonly registry: Registry;
  readonly decisions: Counter<'transport' | 'dialect' | 'action' | 'tier' | 'code' | 'enforced'>;
  readonly ruleDecisions: Counter<'rule' | 'action'>;
  readonly ruleReports: Counter<'rule' | 'action'>;
  readonly decisionsDropped: Counter;
  readonly verdictSeconds: Histogram<'transport'>;
  readonly bodyBytes: Histogram<'transport'>;
  readonly streamsOpened: Counter;
  readonly streamsEnded: Counter<'end'>;
  readonly streamsOpen: Gauge;
  readonly socketsOpen: Gauge;
  readonly socketsClosed: Counter<'end' | 'code' | 'told'>;
  readonly sessionLookups: Counter<'outcome'>;
  readonly sessionWritesDropped: Counter;
  readonly faults: Counter<'where'>;
  readonly overloads: Counter;
  readonly heldBytes: Gauge;
  readonly heldLimitBytes: Gauge;
  readonly redisUp: Gauge;
  readonly policyRevision: Gauge;
  readonly policyRules: Gauge;
  readonly policyLoadFaults: Counter;
  readonly policyDegraded: Gauge;
  readonly enforcing: Gauge;
}

/**
 * Makes the metrics in a registry of their own.
 *
 * @param processMetrics also collect Node's own (event loop delay, heap, handles)
 * @param heldBytes asked before each scrape
 */
export function createMetrics(processMetrics = true, heldBytes: () => number = () => 0): Metrics {
  const registry = new Registry();
  if (processMetrics) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    decisions: new Counter({
      name: 'tiergate_decisions_total',
      help: 'Judged bodies and turns. tier is the tier asked, or unknown, invalid, null, none; code is the refusal or block code; enforced is false under report.',
      labelNames: ['transport', 'dialect', 'action', 'tier', 'code', 'enforced'],
      registers,
    }),
    ruleDecisions: new Counter({
      name: 'tiergate_rule_decisions_total',
      help: 'Judged bodies and turns by the rule that decided.',
      labelNames: ['rule', 'action'],
      registers,
    }),
    ruleReports: new Counter({
      name: 'tiergate_rule_reports_total',
      help: 'Judged bodies and turns that a rule in report mode would have decided.',
      labelNames: ['rule', 'action'],
      registers,
    }),
    decisionsDropped: new Counter({
      name: 'tiergate_decisions_dropped_total',
      help: 'Decisions that did not reach the stream in Redis: its queue was full, or the process ended.',
      registers,
    }),
    verdictSeconds: new Histogram({
      name: 'tiergate_verdict_seconds',
      help: 'Seconds from the first message of a request (or from a complete message of a socket) to its verdict.',
      labelNames: ['transport'],
      buckets: VERDICT_BUCKETS,
      registers,
    }),
    bodyBytes: new Histogram({
      name: 'tiergate_body_bytes',
      help: 'Bytes of judged bodies and messages, as they came.',
      labelNames: ['transport'],
      buckets: [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864],
      registers,
    }),
    streamsOpened: new Counter({
      name: 'tiergate_streams_opened_total',
      help: 'ext_proc streams that Envoy opened.',
      registers,
    }),
    streamsEnded: new Counter({
      name: 'tiergate_streams_ended_total',
      help: 'ext_proc streams by how they ended: normal, misconfigured, fault.',
      labelNames: ['end'],
      registers,
    }),
    streamsOpen: new Gauge({
      name: 'tiergate_streams_open',
      help: 'ext_proc streams open now.',
      registers,
    }),
    socketsOpen: new Gauge({
      name: 'tiergate_sockets_open',
      help: 'Judged WebSockets open now.',
      registers,
    }),
    socketsClosed: new Counter({
      name: 'tiergate_sockets_closed_total',
      help: 'Judged WebSockets by how they ended: client_close, provider_close, refused, operator, draining, lost. code is the refusal that ended it; told is false where the client could not be told before the end.',
      labelNames: ['end', 'code', 'told'],
      registers,
    }),
    sessionLookups: new Counter({
      name: 'tiergate_session_lookups_total',
      help: 'Look-ups of sessions that clients named, by outcome: found, none, failed, late. The last two are judged strictly.',
      labelNames: ['outcome'],
      registers,
    }),
    sessionWritesDropped: new Counter({
      name: 'tiergate_session_writes_dropped_total',
      help: 'Writes of sockets and named sessions that Redis did not take. Open sockets are written again when it does.',
      registers,
    }),
    faults: new Counter({
      name: 'tiergate_faults_total',
      help: 'Faults of Tiergate itself (a stream ended with INTERNAL, a sink that threw …). Should stay 0.',
      labelNames: ['where'],
      registers,
    }),
    overloads: new Counter({
      name: 'tiergate_overloads_total',
      help: 'Messages of Envoy that did not fit into limits.held_total and were refused before they were read.',
      registers,
    }),
    heldBytes: new Gauge({
      name: 'tiergate_held_bytes',
      help: 'Body bytes held now, against limits.held_total.',
      registers,
      collect() {
        this.set(heldBytes());
      },
    }),
    heldLimitBytes: new Gauge({
      name: 'tiergate_held_limit_bytes',
      help: 'limits.held_total in bytes.',
      registers,
    }),
    redisUp: new Gauge({
      name: 'tiergate_redis_up',
      help: '1 while Redis can be asked, 0 while it cannot and without Redis.',
      registers,
    }),
    policyRevision: new Gauge({
      name: 'tiergate_policy_revision',
      help: 'Revision of the policy in force; 0 for the built-in one and where none could be had.',
      registers,
    }),
    policyRules: new Gauge({
      name: 'tiergate_policy_rules',
      help: 'Rules of the policy in force.',
      registers,
    }),
    policyLoadFaults: new Counter({
      name: 'tiergate_policy_load_faults_total',
      help: 'Policy documents that could not be read or were invalid; the last good one stays in force.',
      registers,
    }),
    policyDegraded: new Gauge({
      name: 'tiergate_policy_degraded',
      help: '1 while the newest policy document cannot be used and an older one, or none, is in force.',
      registers,
    }),
    enforcing: new Gauge({
      name: 'tiergate_enforcing',
      help: '1 under policy.enforcement: enforce, 0 under report (nothing is changed).',
      registers,
    }),
  };
}

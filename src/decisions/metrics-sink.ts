import type { Metrics } from '../telemetry/metrics.ts';
import type { DecisionSink } from './sink.ts';

/** Counts decisions. Labels are words of ours and rule names, never a model, user or text of a request. */
export function metricsSink(metrics: Metrics): DecisionSink {
  return {
    record(decision) {
      metrics.decisions.inc({
        transport: decision.transport,
        dialect: decision.dialect,
        action: decision.action,
        tier: decision.tier_asked ?? 'none',
        code: decision.code ?? 'none',
        enforced: String(decision.enforced),
      });
      if (decision.rule !== undefined) {
        metrics.ruleDecisions.inc({ rule: decision.rule, action: decision.action });
      }
      for (const report of decision.reports) {
        metrics.ruleReports.inc({ rule: report.rule, action: report.action });
      }
      metrics.verdictSeconds.observe({ transport: decision.transport }, decision.duration_ms / 1000);
      metrics.bodyBytes.observe({ transport: decision.transport }, decision.bytes);
    },
    async close() {},
  };
}

import { describe, expect, it } from 'vitest';
import { logSink } from '../../src/decisions/log-sink.ts';
import { metricsSink } from '../../src/decisions/metrics-sink.ts';
import { type DecisionSink, fanOut } from '../../src/decisions/sink.ts';
import type { Decision } from '../../src/exchange/decision.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { decisionOf } from './example.ts';

function collecting(): DecisionSink & { readonly seen: Decision[]; closed: boolean } {
  const seen: Decision[] = [];
  return {
    seen,
    closed: false,
    record(decision) {
      seen.push(decision);
    },
    async close() {
      this.closed = true;
    },
  };
}

describe('fanOut', () => {
  it('hands a decision to every sink, also behind one that throws, and reports the throw', async () => {
    const first = collecting();
    const last = collecting();
    const faults: unknown[] = [];
    const broken: DecisionSink = {
      record() {
        throw new Error('full');
      },
      async close() {
        throw new Error('cannot close');
      },
    };
    const sink = fanOut([first, broken, last], (fault) => faults.push(fault));
    const decision = decisionOf();
    sink.record(decision);
    expect(first.seen).toEqual([decision]);
    expect(last.seen).toEqual([decision]);
    await sink.close();
    expect(last.closed).toBe(true);
    expect(faults.map(String)).toEqual(['Error: full', 'Error: cannot close']);
  });
});

describe('logSink', () => {
  it('writes one line with the whole record, and says when nothing was changed', () => {
    const lines: string[] = [];
    const { logger } = createLogger('info', { write: (line) => lines.push(line) });
    const sink = logSink(logger);
    sink.record(decisionOf());
    sink.record(decisionOf({ enforced: false, enforcement: 'report' }));
    const [enforced, reported] = lines.map((line) => JSON.parse(line));
    expect(enforced).toMatchObject({
      level: 'info',
      msg: 'decision',
      decision: { action: 'filter', rule: 'rule-1' },
    });
    expect(reported.msg).toContain('nothing changed');
    expect(lines).toHaveLength(2);
  });
});

describe('metricsSink', () => {
  it('counts by action, tier, rule and report, and measures duration and size', async () => {
    const metrics = createMetrics(false);
    const sink = metricsSink(metrics);
    sink.record(decisionOf());
    sink.record(
      decisionOf({
        action: 'refuse',
        code: 'malformed_json',
        rule: undefined,
        tier_asked: undefined,
        enforced: false,
        reports: [{ rule: 'trial', action: 'block' }],
      }),
    );
    const text = await metrics.registry.metrics();
    expect(text).toContain(
      'tiergate_decisions_total{transport="http",dialect="openai-responses",action="filter",tier="priority",code="none",enforced="true"} 1',
    );
    expect(text).toContain(
      'tiergate_decisions_total{transport="http",dialect="openai-responses",action="refuse",tier="none",code="malformed_json",enforced="false"} 1',
    );
    expect(text).toContain('tiergate_rule_decisions_total{rule="rule-1",action="filter"} 1');
    expect(text).toContain('tiergate_rule_reports_total{rule="trial",action="block"} 1');
    expect(text).toContain('tiergate_verdict_seconds_count{transport="http"} 2');
    expect(text).toContain('tiergate_body_bytes_sum{transport="http"} 240');
  });
});

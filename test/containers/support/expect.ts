import { expect } from 'vitest';

/** Counters of Envoy's ext_proc filter that are zero as long as Tiergate keeps Envoy's rules. */
const ALARMS = [
  'spurious_msgs_received',
  'streams_failed',
  'failure_mode_allowed',
  'message_timeouts',
  'rejected_header_mutations',
  'server_half_closed',
];

/** Asserts that Envoy has asked Tiergate and has no complaint about it. */
export function expectNoComplaint(stats: ReadonlyMap<string, number>): void {
  expect(stats.get('streams_started')).toBeGreaterThan(0);
  for (const name of ALARMS) expect([name, stats.get(name) ?? 0]).toEqual([name, 0]);
}

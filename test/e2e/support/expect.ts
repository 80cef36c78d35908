import { expect } from 'vitest';
import type { RunningEnvoy } from '../../../tools/envoy/launch.ts';
import { type Answer, json } from './answer.ts';

/** Counters of the ext_proc filter that are zero as long as Tiergate keeps Envoy's rules. */
const ALARMS = [
  'spurious_msgs_received',
  'streams_failed',
  'failure_mode_allowed',
  'message_timeouts',
  'rejected_header_mutations',
  'server_half_closed',
];

/**
 * Asserts that Envoy has no complaint about Tiergate so far, and that it has asked it at all.
 *
 * @param statPrefix of the listener
 */
export async function expectHealthyExtProc(envoy: RunningEnvoy, statPrefix = 'llm'): Promise<void> {
  const stats = await envoy.extProcStats(statPrefix);
  expect(stats.get('streams_started')).toBeGreaterThan(0);
  for (const name of ALARMS) expect([statPrefix, name, stats.get(name) ?? 0]).toEqual([statPrefix, name, 0]);
}

/** Asserts an error of Envoy's own as the mapper of the reference configuration writes it. */
export function expectGatewayError(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.body.toString().slice(0, 500)]).toEqual([
    status,
    expect.stringContaining(code),
  ]);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(json(answer)).toEqual({
    error: { message: expect.any(String), type: expect.any(String), param: null, code },
  });
}

/** Asserts a 413 in JSON: Envoy's own, or Tiergate's where it has read a content-length first. */
export function expectTooLarge(answer: Answer): void {
  expect([answer.status, answer.body.toString().slice(0, 500)]).toEqual([
    413,
    expect.stringContaining('"error"'),
  ]);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(json(answer)).toMatchObject({
    error: { message: expect.any(String), type: 'invalid_request_error', code: 'body_too_large' },
  });
}

/** Asserts a refusal by Tiergate in the shape of the OpenAI dialects. */
export function expectRefusal(answer: Answer, status: number, code: string): void {
  expect([answer.status, json(answer)]).toEqual([
    status,
    { error: expect.objectContaining({ message: expect.any(String), type: expect.any(String), code }) },
  ]);
  expect(answer.headers.get('content-type')).toBe('application/json');
}

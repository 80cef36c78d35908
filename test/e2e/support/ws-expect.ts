import { expect } from 'vitest';
import type { AccessLogEntry, RunningEnvoy } from '../../../tools/envoy/launch.ts';
import type { RunningTiergate } from '../../../tools/envoy/tiergate.ts';
import { waitFor } from '../../../tools/envoy/wait-for.ts';
import { type Frame, OPCODE } from './ws-frames.ts';
import { headerOf, type SeenSocket } from './ws-provider.ts';

/** The error event that a client gets before its socket is closed. */
export interface ErrorEvent {
  readonly event_id: string;
  readonly type: string;
  readonly status: number;
  readonly stream_id?: string;
  readonly error: {
    readonly type: string;
    readonly code: string;
    readonly message: string;
    readonly param: string;
  };
}

/** Asserts that a text is an error event in the form that every client reads. */
export function expectErrorEvent(text: string, code = 'policy_violation', status = 400): ErrorEvent {
  const event = JSON.parse(text) as ErrorEvent;
  expect(event).toEqual({
    event_id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
    type: 'error',
    status,
    error: { type: expect.any(String), code, message: expect.any(String), param: 'service_tier' },
    ...(event.stream_id === undefined ? {} : { stream_id: event.stream_id }),
  });
  return event;
}

/** Asserts that the client's last two frames are the error event and Close 1008, in this order. */
export function expectEventThenClose(frames: readonly Frame[], code = 'policy_violation'): ErrorEvent {
  const [event, close] = frames.slice(-2);
  const seen = frames.map(({ opcode }) => opcode).slice(-4);
  expect([seen.slice(-2), event?.fin]).toEqual([[OPCODE.text, OPCODE.close], true]);
  expect(close?.payload.readUInt16BE()).toBe(1008);
  return expectErrorEvent(event?.payload.toString() ?? '', code);
}

/** Asserts that no byte of a stopped message has reached the provider: not as it came, and not unmasked. */
export function expectNothingOf(secret: string, seen: SeenSocket): void {
  expect(seen.bytes.includes(secret)).toBe(false);
  for (const { payload } of seen.frames()) expect(payload.includes(secret)).toBe(false);
}

/** Asserts that the provider got nothing but these data messages, each as one text, and our control frames. */
export function expectUpstream(seen: SeenSocket, texts: readonly string[]): void {
  const messages = seen.messages();
  expect(messages.map(({ payload }) => payload.toString())).toEqual(texts);
  for (const { opcode } of messages) expect(opcode).toBe(OPCODE.text);
}

/** Envoy's name for the request of a socket, as the provider saw it. */
export function requestIdOf(seen: SeenSocket): string {
  const id = headerOf(seen, 'x-request-id');
  if (id === undefined) throw new Error('the provider saw no x-request-id');
  return id;
}

/** The access log's line of a socket; it comes when the socket is over. */
export function accessLogOf(envoy: RunningEnvoy, seen: SeenSocket): Promise<AccessLogEntry> {
  const id = requestIdOf(seen);
  return envoy.accessLogEntry(({ request_id }) => request_id === id);
}

/** The decisions of a socket in their order, as soon as there are `count`. */
export function decisionsOf(
  tiergate: RunningTiergate,
  seen: SeenSocket,
  count: number,
): Promise<readonly Record<string, unknown>[]> {
  const id = requestIdOf(seen);
  return waitFor(`${count} decisions`, () => {
    const own = tiergate.decisions().filter(({ request_id }) => request_id === id);
    return own.length >= count ? own : undefined;
  });
}

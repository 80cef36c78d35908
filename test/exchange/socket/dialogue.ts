import assert from 'node:assert/strict';
import type { ExchangeSettings, WebSocketSettings } from '../../../src/exchange/settings.ts';
import { environmentOf, settingsOf, type TestEnvironment } from '../support/environment.ts';
import { OPCODES, type ReadFrame, readFrames } from './frames.ts';

/** The text of a `response.create`. */
export function turn(members: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ type: 'response.create', ...members });
}

/** Turns that meet each action of the fixture's rules. */
export const ALLOWED = turn({ model: 'gpt-allowed-1', service_tier: 'priority', input: 'hé' });
export const FILTERED = turn({ model: 'gpt-5', service_tier: 'priority', input: 'hé' });
export const FORCED = turn({ model: 'gpt-5', service_tier: 'flex', input: 'hé' });
export const BLOCKED = turn({ model: 'gpt-5', service_tier: 'ultrafast', input: 'the secret' });

/** An environment with other settings of sockets. */
export function socketsWith(
  websocket: Partial<WebSocketSettings>,
  settings: Partial<ExchangeSettings> = {},
): TestEnvironment {
  return environmentOf({ websocket: { ...settingsOf().websocket, ...websocket }, ...settings });
}

/** The limits of the fixture with some changed. */
export function limitsWith(changes: Partial<ExchangeSettings['limits']>): Pick<ExchangeSettings, 'limits'> {
  return { limits: { ...settingsOf().limits, ...changes } };
}

/** The parsed error event of one frame. */
export interface SaidEvent {
  readonly event_id: string;
  readonly type: string;
  readonly status: number;
  readonly error: {
    readonly type: string;
    readonly code: string;
    readonly message: string;
    readonly param: string;
  };
  readonly stream_id?: string;
}

export function eventOf(frame: ReadFrame | undefined): SaidEvent {
  assert(frame?.fin && !frame.masked && frame.opcode === OPCODES.text, 'no event');
  const event = JSON.parse(frame.payload.toString()) as SaidEvent;
  assert(event.type === 'error', 'no error event');
  return event;
}

export function closeOf(frame: ReadFrame | undefined): { readonly code: number; readonly reason: string } {
  assert(frame?.fin && frame.opcode === OPCODES.close, 'no Close');
  return { code: frame.payload.readUInt16BE(), reason: frame.payload.subarray(2).toString() };
}

/** What a client reads: frames of the provider, and the event and the Close at the end. */
export function tailOf(bytes: Buffer): {
  readonly before: readonly ReadFrame[];
  readonly event: SaidEvent;
  readonly close: { readonly code: number; readonly reason: string };
} {
  const frames = readFrames(bytes);
  return { before: frames.slice(0, -2), event: eventOf(frames.at(-2)), close: closeOf(frames.at(-1)) };
}

/** The one Ping among frames that reached the provider. */
export function pingOf(upstream: Buffer): ReadFrame {
  const pings = readFrames(upstream).filter(({ opcode }) => opcode === OPCODES.ping);
  const [ping] = pings;
  assert(ping !== undefined && pings.length === 1 && ping.masked && ping.fin, 'not one masked Ping');
  return ping;
}

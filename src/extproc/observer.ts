import type { Decision } from '../exchange/decision.ts';
import type { SocketNote } from '../exchange/events.ts';

/**
 * How a stream ended. `half_closed` and `cancelled` are Envoy's normal ends (a reset may show as either), `misconfigured` ends with
 * FAILED_PRECONDITION, `fault` with INTERNAL, `unavailable` with UNAVAILABLE.
 */
export type StreamEnd = 'half_closed' | 'cancelled' | 'misconfigured' | 'fault' | 'unavailable';

/** Hears what happens on the streams: for logs and metrics. */
export interface StreamObserver {
  opened(): void;
  /** Once for each stream. */
  ended(kind: StreamEnd): void;
  /**
   * A fault of our own.
   * @param fault what was thrown; its text may hold user content
   * @param place which callback it came from
   * @param streamId the id of the exchange; undefined where there is none yet
   */
  fault(fault: unknown, place: string, streamId: string | undefined): void;
  /** A misconfigured Envoy; `text` names the setting to change. */
  misconfigured(text: string): void;
  /** A message was refused because the process holds `limits.held_total` already. */
  overloaded(): void;
  decision(decision: Decision): void;
  socket(note: SocketNote): void;
}

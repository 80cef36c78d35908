import type { ExchangeFactory } from '../exchange/events.ts';
import type { ContentDecoder } from './content-decoder.ts';
import type { HeldGauge } from './held-budget.ts';
import type { StreamObserver } from './observer.ts';
import type { OpenSockets } from './open-sockets.ts';
import type { SocketSessions } from './socket-sessions.ts';

/** Everything that a stream needs and does not make itself. */
export interface StreamEnvironment {
  readonly exchanges: ExchangeFactory;
  /** The budget that the exchanges take from as well. */
  readonly held: HeldGauge;
  readonly decoder: ContentDecoder;
  readonly observer: StreamObserver;
  readonly sockets: OpenSockets;
  readonly sessions: SocketSessions;
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds since the epoch. */
  wallClock(): number;
  /** A random id, 32 hex digits. */
  newId(): string;
  /** Runs `callback` once after `ms`. @returns what cancels it */
  startTimer(ms: number, callback: () => void): () => void;
  /** How long a stream may stay open behind an immediate response; Envoy resets it at once. */
  readonly answeredTimeoutMs: number;
}

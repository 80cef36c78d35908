import type { ProcessingResponse } from '../gen/envoy/service/ext_proc/v3/external_processor.ts';
import type { IncomingMessage } from './decode.ts';

/** The gRPC status codes that a stream ends with. */
export const grpcCodes = {
  ok: 0,
  failedPrecondition: 9,
  internal: 13,
  unavailable: 14,
} as const;

export interface EndStatus {
  readonly code: (typeof grpcCodes)[keyof typeof grpcCodes];
  /** Printable ASCII without user content: Envoy writes it to access logs and response code details. */
  readonly details: string;
}

/** One ext_proc stream as the loop sees it: messages out, an end with a status. In: `StreamReceiver`. */
export interface MessageStream {
  /** Initial metadata, names in lower case; of several values the first, binary ones left out. */
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * Queues one message. The bytes of a body in it must stay as they are until they have left.
   *
   * @param onSent called when the message has left the process; never where the stream ends before
   * @returns false where more is queued than the peer takes; `StreamReceiver.drained` follows
   */
  send(message: ProcessingResponse, onSent?: () => void): boolean;
  /** Ends our half behind what is queued. Nothing is sent after it. */
  end(status: EndStatus): void;
  /** Stops and restarts `StreamReceiver.message`; the other calls come all the same. */
  pause(): void;
  resume(): void;
}

/** What a transport tells the loop of a stream. No call throws. */
export interface StreamReceiver {
  message(message: IncomingMessage): void;
  /** The peer ended its half, or reset the stream: Envoy's normal end. */
  halfClosed(): void;
  /** The stream or its connection is gone: a normal end as well. */
  cancelled(): void;
  /** The transport failed, or a message could not be decoded. */
  failed(fault: unknown, place: string): void;
  /** What was queued has gone out. */
  drained(): void;
  /** A message of the peer would take the process over `limits.held_total`; it will not be delivered. */
  overloaded(): void;
}

/** Starts the loop of one stream. */
export type OpenStream = (stream: MessageStream) => StreamReceiver;

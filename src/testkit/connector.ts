import type { GrpcStatus, ProcessingRequest, ProcessingResponse } from './messages.ts';

/** What a server's side of one gRPC stream brings. */
export interface ReplyListener {
  reply(message: ProcessingResponse): void;
  /** The server ended the stream, or it broke. Called once, last. */
  ended(status: GrpcStatus): void;
}

/** Envoy's side of one gRPC stream. */
export interface ProcessCall {
  send(message: ProcessingRequest): void;
  /** Ends Envoy's half; the server may still answer. */
  halfClose(): void;
  /** Resets the stream, as Envoy does when the HTTP stream is over. */
  cancel(): void;
}

/** A way to reach a server under test: over gRPC or in the same process. */
export interface Connector {
  /** How long, in milliseconds, to watch the server after an exchange before Envoy's half is closed. */
  readonly linger: number;
  open(initialMetadata: Readonly<Record<string, string>>, listener: ReplyListener): ProcessCall;
  /** Releases what the connector holds open. */
  close(): void;
}

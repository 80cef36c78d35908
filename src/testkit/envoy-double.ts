import type { Connector } from './connector.ts';
import { grpcConnector } from './grpc-connector.ts';
import type { ScriptedRequest } from './http.ts';
import { type FilterOptions, filterSettings } from './options.ts';
import { play } from './play.ts';
import type { ExchangeResult } from './result.ts';
import { type RequestHead, Session } from './session.ts';

/** The filter's options and the server under test. */
export interface EnvoyDoubleOptions extends FilterOptions {
  /** A gRPC target (`127.0.0.1:50051`, `unix:/path`), or a connector: `inProcess(handler)`, `grpcConnector(…)`. */
  readonly server: string | Connector;
  /** Give breaches in the result instead of failing the exchange. */
  readonly allowViolations?: boolean;
  /** How long a slow peer waits for replies before its next piece, in milliseconds; 20. */
  readonly pace?: number;
}

/** Envoy's side of ext_proc. */
export interface EnvoyDouble {
  /**
   * Sends one HTTP request through the filter and plays its upstream.
   * @throws ViolationError where the server broke the contract, unless `allowViolations` is set
   */
  exchange(request: ScriptedRequest): Promise<ExchangeResult>;
  /** Begins a stream whose peers the test plays itself; the headers are sent, and no end of stream. */
  open(head: RequestHead): Session;
  /** Begins a stream without request headers, for an answer that another filter of Envoy makes. */
  openWithoutRequest(): Session;
  /** Releases the connection to the server. */
  close(): void;
}

/**
 * A double of Envoy's ext_proc filter, without Envoy.
 * @throws Error for options that Envoy itself refuses
 */
export function createEnvoyDouble(options: EnvoyDoubleOptions): EnvoyDouble {
  const settings = filterSettings(options);
  const connector = typeof options.server === 'string' ? grpcConnector(options.server) : options.server;
  const pace = options.pace ?? 20;
  const begin = (): Session => new Session(settings, connector, options.allowViolations ?? false);
  return {
    async exchange(request) {
      const session = begin();
      await Promise.race([play(session, request, pace), session.closed]);
      return session.closed;
    },
    open(head) {
      const session = begin();
      session.sendClientHeaders(head);
      return session;
    },
    openWithoutRequest: begin,
    close: () => connector.close(),
  };
}

import type { FilterModel } from './filter.ts';
import { type HeaderLine, headerValue } from './http.ts';
import type { GrpcStatus, ProcessingRequest, ProcessingResponse } from './messages.ts';
import type { Received } from './next-hop.ts';
import type { Violation } from './violations.ts';

/** One message of the exchange, in the order in which Envoy sent or got it. */
export type LoggedMessage =
  | { readonly from: 'envoy'; readonly message: ProcessingRequest }
  | { readonly from: 'server'; readonly message: ProcessingResponse };

/** What the client got. */
export interface ClientView extends Received {
  /** 0 where nothing came before the reset. */
  readonly status: number;
  /** Whose answer it is: the upstream's, the server's immediate response, or an error of Envoy's own. */
  readonly origin: 'upstream' | 'server' | 'envoy';
  readonly text: string;
}

/** What the upstream got. */
export interface UpstreamView extends Received {
  /** Whether upstream heard of the request, and if so whether the client's last byte had come by then. */
  readonly contact: 'never' | 'early' | 'after-request-end';
  readonly text: string;
}

/** The outcome of one exchange. */
export interface ExchangeResult {
  readonly client: ClientView;
  readonly upstream: UpstreamView;
  /** Empty unless `allowViolations` is set: a breach fails the exchange otherwise. */
  readonly violations: readonly Violation[];
  /** Dynamic metadata that Envoy stored, by namespace. */
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** `%RESPONSE_CODE_DETAILS%` where Envoy or the server answered; undefined for the upstream's answer. */
  readonly details: string | undefined;
  /** The rest of the exchange passed unseen (OK end, or an error under `failure_mode_allow`). */
  readonly bypassed: boolean;
  /** How the server ended the gRPC stream; undefined where it did not end it in time, or no stream was opened. */
  readonly serverStatus: GrpcStatus | undefined;
  readonly messages: readonly LoggedMessage[];
}

/** Puts the outcome together when the exchange is over. */
export function exchangeResult(
  model: FilterModel,
  messages: readonly LoggedMessage[],
  serverStatus: GrpcStatus | undefined,
): ExchangeResult {
  const client = model.client.received();
  const upstream = model.upstream.received();
  const local = model.details !== undefined;
  return {
    client: {
      ...client,
      headers: withoutStatus(client.headers),
      status: Number(headerValue(client.headers, ':status') ?? 0),
      origin: local ? (model.processing === 'answered' ? 'server' : 'envoy') : 'upstream',
      text: client.body.toString('utf8'),
    },
    upstream: { ...upstream, contact: model.upstreamContact, text: upstream.body.toString('utf8') },
    violations: [...model.violations],
    metadata: model.metadata,
    details: model.details,
    bypassed: model.processing === 'bypassed',
    serverStatus,
    messages: [...messages],
  };
}

function withoutStatus(lines: readonly HeaderLine[]): HeaderLine[] {
  return lines.filter(([name]) => name !== ':status');
}

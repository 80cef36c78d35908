import { Direction } from './direction.ts';
import type { DirectionPort } from './direction-port.ts';
import { HeaderMap } from './header-map.ts';
import type { HeaderLine } from './http.ts';
import { immediateReply, type LocalReply } from './immediate-response.ts';
import { MessageBuilder } from './message-builder.ts';
import type {
  DirectionName,
  GrpcStatus,
  ImmediateResponse,
  ProcessingRequest,
  ProcessingResponse,
} from './messages.ts';
import { NextHop } from './next-hop.ts';
import type { FilterSettings } from './options.ts';
import { fromStruct } from './structs.ts';
import type { Violation, ViolationCode } from './violations.ts';

/** What the filter may ask of whoever runs it. */
export interface FilterPort {
  send(message: ProcessingRequest): void;
  /** Starts the message timer of a direction anew. */
  startTimer(direction: DirectionName): void;
  stopTimer(direction: DirectionName): void;
}

/** How Envoy's filter is with the server. */
type Processing = 'on' | 'answered' | 'failed' | 'bypassed' | 'closed';

/**
 * Envoy's ext_proc filter for one HTTP stream as a pure model: events of client, upstream and server go in; messages to
 * the server, and what upstream and client receive, come out. No I/O, no clock.
 */
export class FilterModel {
  readonly settings: FilterSettings;
  readonly request: Direction;
  readonly response: Direction;
  readonly upstream: NextHop;
  readonly client: NextHop;
  readonly violations: Violation[] = [];
  /** Dynamic metadata that was stored, by namespace. */
  readonly metadata: Record<string, Record<string, unknown>> = {};
  /** `%RESPONSE_CODE_DETAILS%` of an answer that Envoy made itself. */
  details: string | undefined;
  /** Whether upstream heard of the request before its end had come from the client. */
  upstreamContact: 'never' | 'early' | 'after-request-end' = 'never';
  readonly #port: FilterPort;
  readonly #messages: MessageBuilder;
  #processing: Processing = 'on';

  constructor(settings: FilterSettings, port: FilterPort) {
    this.settings = settings;
    this.#port = port;
    this.#messages = new MessageBuilder(settings);
    const report = (code: ViolationCode, message: string): void => this.report(code, message);
    this.upstream = new NextHop('request', report, () => {
      this.upstreamContact = this.request.inputEnded ? 'after-request-end' : 'early';
    });
    this.client = new NextHop('response', report, () => undefined);
    this.request = new Direction('request', settings.request, this.#directionPort('request', this.upstream));
    this.response = new Direction(
      'response',
      settings.response,
      this.#directionPort('response', this.client),
    );
  }

  /** How processing stands; `bypassed`: the exchange goes on unseen. */
  get processing(): Processing {
    return this.#processing;
  }

  report(code: ViolationCode, message: string): void {
    this.violations.push({ code, message });
  }

  /** A message of the server. */
  receive(reply: ProcessingResponse): void {
    if (this.settings.observability) return;
    if (this.#processing === 'answered') {
      this.report('reply_after_immediate_response', 'a reply after the immediate response');
      return;
    }
    if (this.#processing === 'failed' || this.#processing === 'bypassed') return;
    if (isSet(reply.overrideMessageTimeout) || isSet(reply.modeOverride)) {
      const name = isSet(reply.modeOverride) ? 'mode_override' : 'override_message_timeout';
      this.report('override_ignored', `${name}: the filter does not allow it`);
      if (isSet(reply.overrideMessageTimeout)) return;
    }
    this.#storeMetadata(reply);
    if (isSet(reply.requestHeaders)) this.request.replyToHeaders(reply.requestHeaders);
    else if (isSet(reply.responseHeaders)) this.response.replyToHeaders(reply.responseHeaders);
    else if (isSet(reply.requestBody)) this.request.replyToBody(reply.requestBody);
    else if (isSet(reply.responseBody)) this.response.replyToBody(reply.responseBody);
    else if (isSet(reply.requestTrailers)) this.request.replyToTrailers(reply.requestTrailers);
    else if (isSet(reply.responseTrailers)) this.response.replyToTrailers(reply.responseTrailers);
    else if (isSet(reply.immediateResponse)) this.#immediate(reply.immediateResponse);
    else {
      this.report('empty_reply', 'a ProcessingResponse without a member of its oneof');
      this.#giveUp(this.settings.statusOnError, 'unhandled_message');
    }
  }

  /** The server ended the gRPC stream, or it broke, before Envoy half-closed it. */
  serverEnded(status: GrpcStatus): void {
    if (this.#processing !== 'on' && this.#processing !== 'closed') return;
    if (status.code === 0) {
      if (!this.settings.observability) {
        this.report('ended_ok_early', 'the server ended the gRPC stream with OK before Envoy did');
      }
      if (this.#processing === 'on') this.#bypass();
    } else {
      this.#giveUp(
        this.settings.statusOnError,
        `ext_proc_error_gRPC_error_${status.code}{${encodeURIComponent(status.details)}{via_upstream}}`,
      );
    }
  }

  /** A message timer ran out. */
  messageTimeout(direction: DirectionName): void {
    if (this.#processing !== 'on') return;
    const due = this[direction].due[0] ?? 'headers';
    this.report('no_reply', `${direction}_${due}: no reply within ${this.settings.messageTimeout} ms`);
    this.#giveUp(504, 'ext_proc_error_per-message_timeout_exceeded');
  }

  /** Nothing has happened on the stream for the idle time. */
  idleTimeout(): void {
    const waits = [...this.request.due.map((kind) => `request_${kind}`), ...this.response.due];
    this.report(
      'no_reply',
      `nothing happened for ${this.settings.idleTimeout} ms (due: ${waits.join(', ') || 'the end of the body'})`,
    );
    this.#managerReply(504, 'stream timeout', 'stream_idle_timeout');
  }

  /** The HTTP stream is over; replies are still checked, and have no effect. */
  close(): void {
    if (this.#processing === 'on') this.#processing = 'closed';
  }

  #directionPort(name: DirectionName, hop: NextHop): DirectionPort {
    const send = (message: ProcessingRequest): void => {
      if (this.#processing !== 'on') return;
      if (this.settings[name].bodyMode !== 'FULL_DUPLEX_STREAMED' && !this.settings.observability) {
        this.#port.startTimer(name);
      }
      this.#port.send(message);
    };
    return {
      hop,
      sendHeaders: (lines, end) => send(this.#messages.headers(name, lines, end)),
      sendBody: (body) => send(this.#messages.body(name, body)),
      sendTrailers: (lines) => send(this.#messages.trailers(name, lines)),
      answered: () => this.#port.stopTimer(name),
      report: (code, message) => this.report(code, message),
      fail: (details, cause) => this.#giveUp(this.settings.statusOnError, details, cause === 'spurious'),
      tooLarge: () => this.#managerReply(413, 'Payload Too Large', 'request_payload_too_large'),
      stall: () => this.#managerReply(504, 'stream timeout', 'stream_idle_timeout'),
    };
  }

  #immediate(response: ImmediateResponse): void {
    if (this.settings.disableImmediateResponse) {
      this.report('immediate_response_disabled', 'the filter has `disable_immediate_response`');
      this.#giveUp(this.settings.statusOnError, 'unhandled_immediate_response_due_to_config_disabled_it');
      return;
    }
    const reply = immediateReply(response, (code, message) => this.report(code, message));
    if (this.#processing === 'closed') return;
    this.#processing = 'answered';
    this.#localReply(reply);
  }

  /** Envoy's own error, or, with `failure_mode_allow`, the rest of the exchange unseen. */
  #giveUp(status: number, details: string, mayFailOpen = true): void {
    if (this.#processing !== 'on') return;
    if (mayFailOpen && this.settings.failureModeAllow && !this.request.bodyLost && !this.response.bodyLost) {
      this.#bypass();
      return;
    }
    this.#processing = 'failed';
    this.#localReply({ status, headers: [], body: Buffer.alloc(0), details });
  }

  #bypass(): void {
    this.#processing = 'bypassed';
    this.request.release();
    this.response.release();
  }

  /**
   * An answer of the connection manager: it takes the way of the upstream's, so that with response headers SEND the
   * server sees it (1.37 and later).
   */
  #managerReply(status: number, text: string, details: string): void {
    const body = Buffer.from(text);
    const headers: HeaderLine[] = [['content-type', 'text/plain']];
    if (this.response.begun) {
      this.#localReply({ status, headers, body, details });
      return;
    }
    this.details = details;
    this.#port.stopTimer('request');
    this.upstream.reset();
    headers.push([':status', String(status)], ['content-length', String(body.length)]);
    this.response.receiveHeaders(headers, false);
    this.response.receiveData(body, true);
  }

  #localReply(reply: LocalReply): void {
    this.details = reply.details;
    this.#port.stopTimer('request');
    this.#port.stopTimer('response');
    if (this.upstream.started) this.upstream.reset();
    if (this.client.started) {
      this.client.reset();
      return;
    }
    const headers = new HeaderMap(reply.headers);
    if (reply.body.length > 0) headers.set('content-length', String(reply.body.length));
    this.client.headers([[':status', String(reply.status)], ...headers.lines], reply.body.length === 0);
    if (reply.body.length > 0) this.client.data(reply.body, true);
  }

  #storeMetadata({ dynamicMetadata }: ProcessingResponse): void {
    for (const [namespace, value] of Object.entries(dynamicMetadata?.fields ?? {})) {
      if (!this.settings.receivingNamespaces.includes(namespace) || value.structValue === undefined) continue;
      this.metadata[namespace] = { ...this.metadata[namespace], ...fromStruct(value.structValue) };
    }
  }
}

function isSet<T>(member: T | null | undefined): member is T {
  return member !== undefined && member !== null;
}

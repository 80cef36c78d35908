import type { Decision } from '../../src/exchange/decision.ts';
import type {
  Effect,
  ExchangeEvent,
  ExchangeFactory,
  ImmediateReply,
  Opening,
  SocketNote,
} from '../../src/exchange/events.ts';
import { createContentDecoder } from '../../src/extproc/content-decoder.ts';
import { type HeldGauge, heldBudget } from '../../src/extproc/held-budget.ts';
import type { EndStatus, MessageStream } from '../../src/extproc/message-stream.ts';
import type { StreamEnd, StreamObserver } from '../../src/extproc/observer.ts';
import { OpenSockets } from '../../src/extproc/open-sockets.ts';
import { SocketSessions } from '../../src/extproc/socket-sessions.ts';
import type { StreamEnvironment } from '../../src/extproc/stream-environment.ts';
import type {
  ProcessingRequest,
  ProcessingResponse,
} from '../../src/gen/envoy/service/ext_proc/v3/external_processor.ts';
import { openMemorySessionStore } from '../../src/storage/memory/session-store.ts';

/** The numbers of `ProcessingMode.BodySendMode`. */
export const modes = { none: 0, streamed: 1, buffered: 2, duplex: 4 } as const;
type Mode = (typeof modes)[keyof typeof modes];

/** A message of Envoy with one member of the oneof. */
export function request(
  member: ProcessingRequest['request'],
  more: Partial<Omit<ProcessingRequest, 'request'>> = {},
): ProcessingRequest {
  return {
    request: member,
    metadataContext: undefined,
    attributes: new Map(),
    observabilityMode: false,
    protocolConfig: undefined,
    ...more,
  };
}

export function protocol(requestBodyMode: Mode, responseBodyMode: Mode = 0): Partial<ProcessingRequest> {
  return {
    protocolConfig: { requestBodyMode, responseBodyMode, sendBodyWithoutWaitingForHeaderResponse: false },
  };
}

export function headers(
  direction: 'request' | 'response',
  lines: Readonly<Record<string, string>> = {},
  endOfStream = false,
): ProcessingRequest['request'] {
  const list = Object.entries(lines).map(([key, value]) => ({
    key,
    value: '',
    rawValue: Buffer.from(value, 'latin1'),
  }));
  const value = { headers: { headers: list }, endOfStream };
  return direction === 'request' ? { $case: 'requestHeaders', value } : { $case: 'responseHeaders', value };
}

export function body(
  direction: 'request' | 'response',
  text: string | Buffer,
  endOfStream = false,
): ProcessingRequest['request'] {
  const value = { body: Buffer.from(text), endOfStream, endOfStreamWithoutMessage: false };
  return direction === 'request' ? { $case: 'requestBody', value } : { $case: 'responseBody', value };
}

export function trailers(direction: 'request' | 'response'): ProcessingRequest['request'] {
  const value = { trailers: { headers: [] } };
  return direction === 'request' ? { $case: 'requestTrailers', value } : { $case: 'responseTrailers', value };
}

/** The stream interface without a transport; it keeps what was sent. */
export class FakeStream implements MessageStream {
  metadata: ReadonlyMap<string, string> = new Map();
  readonly sent: ProcessingResponse[] = [];
  readonly ends: EndStatus[] = [];
  /** To be called when the messages that asked for it have left. */
  readonly onSent: (() => void)[] = [];
  paused = false;
  /** What `send` says. */
  takesMore = true;

  send(message: ProcessingResponse, onSent?: () => void): boolean {
    if (this.ends.length > 0) throw new Error('sent after the end');
    this.sent.push(message);
    if (onSent !== undefined) this.onSent.push(onSent);
    return this.takesMore;
  }

  end(status: EndStatus): void {
    this.ends.push(status);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /** The oneof members that were sent, by name. */
  get cases(): (string | undefined)[] {
    return this.sent.map((message) => message.response?.$case);
  }
}

/** An observer that keeps what it hears. */
export class FakeObserver implements StreamObserver {
  openedCount = 0;
  overloadedCount = 0;
  readonly ends: StreamEnd[] = [];
  readonly faults: { fault: unknown; place: string; streamId: string | undefined }[] = [];
  readonly misconfigurations: string[] = [];
  readonly decisions: Decision[] = [];
  readonly sockets: SocketNote[] = [];

  opened(): void {
    this.openedCount += 1;
  }

  ended(kind: StreamEnd): void {
    this.ends.push(kind);
  }

  fault(fault: unknown, place: string, streamId: string | undefined): void {
    this.faults.push({ fault, place, streamId });
  }

  misconfigured(text: string): void {
    this.misconfigurations.push(text);
  }

  overloaded(): void {
    this.overloadedCount += 1;
  }

  decision(decision: Decision): void {
    this.decisions.push(decision);
  }

  socket(note: SocketNote): void {
    this.sockets.push(note);
  }
}

/** What an exchange of a test does with an event. */
export type Script = (event: ExchangeEvent, held: HeldGauge) => readonly Effect[];

/** An environment for `openStream` around one scripted exchange, and what happened in it. */
export class Bench {
  readonly stream = new FakeStream();
  readonly observer = new FakeObserver();
  readonly sessions = openMemorySessionStore({
    node: 'here',
    ttlMilliseconds: 60_000,
    now: () => 1_700_000_000_000,
  });
  readonly held: HeldGauge;
  readonly openings: Opening[] = [];
  readonly events: ExchangeEvent[] = [];
  readonly timers: { ms: number; callback: () => void; cancelled: boolean }[] = [];
  readonly environment: StreamEnvironment;

  constructor(script: Script, overrides: Partial<StreamEnvironment> = {}, limit = 1_000_000) {
    this.held = heldBudget(limit);
    const exchanges: ExchangeFactory = (opening) => {
      this.openings.push(opening);
      return {
        handle: (event) => {
          this.events.push(event);
          return script(event, this.held);
        },
      };
    };
    this.environment = {
      exchanges,
      held: this.held,
      decoder: createContentDecoder(),
      observer: this.observer,
      sockets: new OpenSockets(),
      sessions: new SocketSessions({
        store: this.sessions,
        hashKeys: [Buffer.from('key')],
        refreshMilliseconds: 1_000,
        wallClock: () => 1_700_000_000_000,
        startTimer: (ms, callback) => this.environment.startTimer(ms, callback),
      }),
      now: () => 7,
      wallClock: () => 1_700_000_000_000,
      newId: () => '0123456789abcdef0123456789abcdef',
      startTimer: (ms, callback) => {
        const timer = { ms, callback, cancelled: false };
        this.timers.push(timer);
        return () => {
          timer.cancelled = true;
        };
      },
      answeredTimeoutMs: 30_000,
      ...overrides,
    };
  }

  get endedEvents(): number {
    return this.events.filter((event) => event.kind === 'ended').length;
  }
}

export function blocked(status: number, details: string): ImmediateReply {
  const headerLines = [{ name: 'content-type', value: 'application/json' }];
  return { status, headers: headerLines, body: Buffer.from('{"error":{}}'), details };
}

/** A decision with nothing in it. */
export const emptyDecision: Decision = {
  time: '2023-11-14T22:13:20.000Z',
  id: '0123456789abcdef0123456789abcdef',
  request_id: undefined,
  transport: 'http',
  route: 'default',
  dialect: 'openai-responses',
  session: undefined,
  stream_id: undefined,
  captured_model: undefined,
  scope: undefined,
  scope_evidence: 'none',
  user: undefined,
  claims: [],
  model_asked: '',
  model_matched: '',
  tier_asked: undefined,
  tier_sent: undefined,
  tier_served: undefined,
  action: 'pass',
  enforced: true,
  enforcement: 'enforce',
  code: undefined,
  rule: undefined,
  reports: [],
  revision: 1,
  strictness: 'compatible',
  bytes: 0,
  duration_ms: 0,
};

/** An exchange that leaves everything as it is, in one-to-one modes, and answers 503 to an overload. */
export const keepAll: Script = (event) => {
  switch (event.kind) {
    case 'overloaded':
      return [{ kind: 'immediate', response: blocked(503, 'tiergate_overloaded') }];
    case 'headers':
    case 'trailers':
      return [{ kind: 'reply', reply: { kind: event.kind, direction: event.direction } }];
    case 'body':
      return [{ kind: 'reply', reply: { kind: 'body', direction: event.direction, body: { kind: 'keep' } } }];
    default:
      return [];
  }
};

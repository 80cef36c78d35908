import assert from 'node:assert/strict';
import type { HeaderEdits, HeaderLine } from '../../../src/dialects/types.ts';
import type { Decision } from '../../../src/exchange/decision.ts';
import type {
  BodyMode,
  DirectionName,
  DynamicMetadata,
  Effect,
  Exchange,
  ExchangeEvent,
  ExchangeFactory,
  ImmediateReply,
  Opening,
  Reply,
  SocketNote,
} from '../../../src/exchange/events.ts';
import { createExchangeFactory } from '../../../src/exchange/exchange-factory.ts';
import { ReplyLedger } from '../../../src/extproc/ledger.ts';
import { environmentOf, type TestEnvironment } from '../support/environment.ts';

export interface SocketOptions {
  readonly environment?: TestEnvironment;
  readonly request?: BodyMode;
  readonly response?: BodyMode;
  /** `SKIP`: the request's headers are not sent. Default SEND. */
  readonly headers?: 'SEND' | 'SKIP';
  /** Whether the headers of the answer are sent where those of the request are not. */
  readonly responseHeaders?: 'SEND' | 'SKIP';
  /** Shared by the sockets of one process. */
  readonly factory?: ExchangeFactory;
  readonly path?: string;
  readonly method?: string;
  /** More header lines of the handshake. */
  readonly lines?: readonly (readonly [string, string])[];
  /** What the provider answers; null: nothing yet. Default 101. */
  readonly status?: string | null;
  /** Attributes in place of those that the handshake gives. */
  readonly attributes?: ReadonlyMap<string, string>;
  /** Directions that come without attributes. */
  readonly untold?: readonly DirectionName[];
  /** Undefined: an Envoy in observability mode. */
  readonly protocolConfig?: false;
  readonly metadata?: ReadonlyMap<string, string>;
}

/**
 * Envoy's side of one socket, in memory: every reply is checked against what Envoy waits for, and its bytes are what
 * reaches the provider or the client.
 */
export class SocketBench {
  readonly environment: TestEnvironment;
  readonly decisions: Decision[] = [];
  /** All but those of turns. */
  readonly notes: SocketNote[] = [];
  /** As the notes tell. */
  turns = 0;
  readonly lookUps: Extract<Effect, { kind: 'look_up' }>[] = [];
  readonly metadata: DynamicMetadata[] = [];
  readonly edits: HeaderEdits[] = [];
  readonly replies: Reply[] = [];
  immediate: ImmediateReply | undefined;
  misconfigured: string | undefined;
  /** Milliseconds of the timer that runs. */
  timer: number | undefined;
  now = 1_000;
  #upstream: Buffer[] = [];
  #client: Buffer[] = [];
  readonly #exchange: Exchange;
  readonly #ledger: ReplyLedger;
  readonly #modes: Record<DirectionName, BodyMode>;
  readonly #attributes: ReadonlyMap<string, string>;
  readonly #attributesSent = new Set<DirectionName>();
  readonly #pending: Record<DirectionName, Uint8Array[]> = { request: [], response: [] };

  constructor(options: SocketOptions = {}) {
    const { request = 'STREAMED', response = 'STREAMED', headers = 'SEND', status = '101' } = options;
    this.environment = options.environment ?? environmentOf();
    this.#modes = { request, response };
    const modes = { request, response, sendBodyWithoutWaiting: true };
    this.#ledger = new ReplyLedger(modes);
    const lines = handshakeLines(options);
    this.#attributes = options.attributes ?? attributesOf(lines);
    const opening: Opening = {
      id: 'ab'.repeat(16),
      time: Date.UTC(2026, 0, 2, 3, 4, 5),
      metadata: options.metadata ?? new Map(),
      modes: options.protocolConfig === false ? undefined : modes,
    };
    const factory = options.factory ?? createExchangeFactory(this.environment);
    for (const direction of options.untold ?? []) this.#attributesSent.add(direction);
    if (headers === 'SEND') {
      const first = this.#headers('request', lines);
      this.#exchange = factory(opening, first, this.now);
      this.event(first);
      if (status !== null) this.answer(status);
    } else {
      // Made with the first bytes of either side.
      let made: Exchange | undefined;
      this.#exchange = {
        handle: (event, now) => {
          made ??= factory(opening, event, now);
          return made.handle(event, now);
        },
      };
      if (options.responseHeaders === 'SEND' && status !== null) this.answer(status);
    }
  }

  /** The provider answers the handshake. */
  answer(status: string): void {
    this.event(this.#headers('response', [{ name: ':status', value: status }]));
  }

  /** Bytes that reached the provider. */
  get upstream(): Buffer {
    return Buffer.concat(this.#upstream);
  }

  /** Bytes that reached the client. */
  get client(): Buffer {
    return Buffer.concat(this.#client);
  }

  /** Takes what arrived since the last call. */
  takeUpstream(): Buffer {
    return Buffer.concat(this.#upstream.splice(0));
  }

  takeClient(): Buffer {
    return Buffer.concat(this.#client.splice(0));
  }

  clientSends(bytes: Uint8Array, endOfStream = false): void {
    this.event(this.#body('request', bytes, endOfStream));
  }

  providerSends(bytes: Uint8Array, endOfStream = false): void {
    this.event(this.#body('response', bytes, endOfStream));
  }

  /** The timer runs out. */
  timeOut(): void {
    assert(this.timer !== undefined, 'no timer runs');
    this.now += this.timer;
    this.timer = undefined;
    this.event({ kind: 'timer' });
  }

  end(): void {
    this.event({ kind: 'ended' });
  }

  event(event: ExchangeEvent): void {
    if (event.kind === 'headers' || event.kind === 'body' || event.kind === 'trailers') {
      this.#ledger.admit(event);
      if (event.kind === 'body' && this.#modes[event.direction] === 'STREAMED') {
        this.#pending[event.direction].push(event.bytes);
      }
    }
    for (const effect of this.#exchange.handle(event, this.now)) this.#run(effect);
  }

  #run(effect: Effect): void {
    switch (effect.kind) {
      case 'reply':
        this.#ledger.reply(effect.reply);
        this.#apply(effect.reply);
        break;
      case 'immediate':
        this.#ledger.answer();
        this.immediate = effect.response;
        break;
      case 'decision':
        this.decisions.push(effect.decision);
        break;
      case 'timer':
        this.timer = effect.ms;
        break;
      case 'socket':
        if (effect.note.kind === 'turn') this.turns = effect.note.turns;
        else this.notes.push(effect.note);
        break;
      case 'look_up':
        this.lookUps.push(effect);
        break;
      case 'misconfigured':
        this.misconfigured = effect.text;
        break;
      case 'decode':
        throw new Error('a socket decodes nothing');
    }
  }

  #apply(reply: Extract<Effect, { kind: 'reply' }>['reply']): void {
    this.replies.push(reply);
    if (reply.metadata !== undefined) this.metadata.push(reply.metadata);
    const sink = reply.direction === 'request' ? this.#upstream : this.#client;
    if (reply.kind === 'headers' && reply.edits !== undefined) this.edits.push(reply.edits);
    if (reply.kind === 'chunk') sink.push(Buffer.from(reply.bytes));
    if (reply.kind !== 'body') return;
    const original = this.#pending[reply.direction].shift();
    assert(original !== undefined);
    if (reply.body.kind === 'keep') sink.push(Buffer.from(original));
    else if (reply.body.kind === 'replace') sink.push(Buffer.from(reply.body.bytes));
  }

  #headers(direction: DirectionName, headers: readonly HeaderLine[]): ExchangeEvent {
    return { kind: 'headers', direction, headers, endOfStream: false, context: this.#context(direction) };
  }

  #body(direction: DirectionName, bytes: Uint8Array, endOfStream: boolean): ExchangeEvent {
    return { kind: 'body', direction, bytes, endOfStream, context: this.#context(direction) };
  }

  /** Envoy sends the attributes once for each direction, with its first message. */
  #context(direction: DirectionName) {
    const first = !this.#attributesSent.has(direction);
    this.#attributesSent.add(direction);
    return {
      attributes: first ? this.#attributes : new Map<string, string>(),
      dynamicMetadata: new Map<string, ReadonlyMap<string, string>>(),
    };
  }
}

function handshakeLines({ path = '/v1/responses', method = 'GET', lines = [] }: SocketOptions): HeaderLine[] {
  return [
    { name: ':authority', value: 'api.example.com' },
    { name: ':path', value: path },
    { name: ':method', value: method },
    { name: 'upgrade', value: 'websocket' },
    { name: 'connection', value: 'Upgrade' },
    { name: 'sec-websocket-version', value: '13' },
    { name: 'sec-websocket-extensions', value: 'permessage-deflate; client_max_window_bits' },
    { name: 'x-request-id', value: 'envoy-1' },
    ...lines.map(([name, value]) => ({ name, value })),
  ];
}

/** The attributes that `envoy.yaml` lists for both directions. */
function attributesOf(lines: readonly HeaderLine[]): ReadonlyMap<string, string> {
  const value = (name: string): string => lines.find((line) => line.name === name)?.value ?? '';
  return new Map([
    ['request.path', value(':path')],
    ['request.method', value(':method')],
    ['request.id', value('x-request-id')],
    ["request.headers['upgrade']", value('upgrade')],
    ["request.headers['authorization']", value('authorization')],
    ['xds.route_name', 'provider'],
  ]);
}

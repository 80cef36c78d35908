import assert from 'node:assert/strict';
import type { HeaderEdits, HeaderLine } from '../../../src/dialects/types.ts';
import type { Decision } from '../../../src/exchange/decision.ts';
import type {
  BodyMode,
  DynamicMetadata,
  Effect,
  EventContext,
  Exchange,
  ExchangeEvent,
  ImmediateReply,
  Opening,
  Reply,
} from '../../../src/exchange/events.ts';
import { createHttpExchangeFactory } from '../../../src/exchange/http/exchange.ts';
import type { ExchangeEnvironment } from '../../../src/exchange/settings.ts';
import { undoCodings } from './undo-codings.ts';

export const NO_CONTEXT: EventContext = { attributes: new Map(), dynamicMetadata: new Map() };

/** What a client sends. */
export interface ClientRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Undefined for a request without a body. */
  readonly chunks?: readonly (string | Uint8Array)[];
  readonly trailers?: boolean;
  /** Whether a content-length is sent; true unless there are trailers. */
  readonly contentLength?: boolean;
  readonly context?: EventContext;
}

/** What came of it. */
export interface Outcome {
  /** Undefined where upstream was not contacted. */
  upstream: { headers: HeaderLine[]; body: Buffer; complete: boolean } | undefined;
  /** What the client got from us. */
  immediate: ImmediateReply | undefined;
  misconfigured: string | undefined;
  /** Bytes of the body that Envoy was let to send, also where the request was stopped later. */
  released: number;
  readonly decisions: Decision[];
  metadata: DynamicMetadata | undefined;
  readonly replies: Reply[];
}

export function openingOf(request: BodyMode, response: BodyMode = 'STREAMED'): Opening {
  return {
    id: 'ab'.repeat(16),
    time: Date.UTC(2026, 0, 2, 3, 4, 5),
    metadata: new Map(),
    modes: { request, response, sendBodyWithoutWaiting: false },
  };
}

/** Header lines of a client's request as Envoy shows them. */
export function headerLines(request: ClientRequest): HeaderLine[] {
  const { method = request.chunks === undefined ? 'GET' : 'POST', path = '/v1/responses' } = request;
  const length = (request.chunks ?? []).reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0);
  const lines: [string, string][] = [
    [':authority', 'api.example.com'],
    [':path', path],
    [':method', method],
    [':scheme', 'https'],
    ['content-type', 'application/json'],
    ...(request.headers ?? []).map(([name, value]): [string, string] => [name, value]),
  ];
  if (request.chunks !== undefined && (request.contentLength ?? !request.trailers)) {
    lines.push(['content-length', String(length)]);
  }
  lines.push(['x-request-id', 'envoy-1']);
  return lines.map(([name, value]) => ({ name, value }));
}

export function editHeaders(lines: readonly HeaderLine[], edits: HeaderEdits | undefined): HeaderLine[] {
  if (edits === undefined) return [...lines];
  const gone = new Set([...edits.remove, ...edits.set.map((line) => line.name)]);
  return [...lines.filter((line) => !gone.has(line.name)), ...edits.set, ...edits.append];
}

/** Plays Envoy's message order for one request in one mode, as measured, and works out what upstream gets. */
export function playRequest(
  environment: ExchangeEnvironment,
  mode: 'BUFFERED' | 'STREAMED' | 'FULL_DUPLEX_STREAMED',
  request: ClientRequest,
  allowContentLength = false,
): Outcome {
  const play = new Play(environment, mode);
  const context = request.context ?? NO_CONTEXT;
  const chunks = request.chunks?.map((chunk) => Buffer.from(chunk as string));
  const trailers = request.trailers ?? false;
  let lines = headerLines(request);
  const headersOnly = chunks === undefined && !trailers;
  play.send({ kind: 'headers', direction: 'request', headers: lines, endOfStream: headersOnly, context });
  if (mode !== 'BUFFERED' && !headersOnly && !allowContentLength) {
    lines = lines.filter((line) => line.name !== 'content-length');
  }
  switch (mode) {
    case 'BUFFERED':
      if (chunks !== undefined) play.body(Buffer.concat(chunks), !trailers);
      break;
    default:
      chunks?.forEach((chunk, index) => {
        if (mode === 'STREAMED') play.expectNothingDue();
        play.body(chunk, !trailers && index === chunks.length - 1);
      });
  }
  if (trailers) play.send({ kind: 'trailers', direction: 'request', context: NO_CONTEXT });
  const outcome = play.finish(lines, allowContentLength);
  play.send({ kind: 'ended' });
  return outcome;
}

class Play {
  readonly #exchange: Exchange;
  readonly #mode: BodyMode;
  readonly #outcome: Outcome = {
    upstream: undefined,
    immediate: undefined,
    misconfigured: undefined,
    released: 0,
    decisions: [],
    metadata: undefined,
    replies: [],
  };
  /** Messages without a reply. */
  #due: ExchangeEvent[] = [];
  #sentBody: Buffer[] = [];
  #edits: HeaderEdits[] = [];
  #headersGone = false;
  #ended = false;
  #replaced = false;

  constructor(environment: ExchangeEnvironment, mode: BodyMode) {
    this.#mode = mode;
    const first: ExchangeEvent = { kind: 'ended' };
    this.#exchange = createHttpExchangeFactory(environment)(openingOf(mode), first, 0);
  }

  body(bytes: Buffer, endOfStream: boolean): void {
    this.send({ kind: 'body', direction: 'request', bytes, endOfStream, context: NO_CONTEXT });
  }

  send(event: ExchangeEvent): void {
    if (this.#outcome.immediate !== undefined && event.kind !== 'ended') return;
    if (event.kind !== 'ended' && event.kind !== 'decoded') this.#due.push(event);
    for (const effect of this.#exchange.handle(event, 5)) this.#run(effect);
  }

  expectNothingDue(): void {
    if (this.#outcome.immediate === undefined) assert.equal(this.#due.length, 0, 'a message has no reply');
  }

  #run(effect: Effect): void {
    switch (effect.kind) {
      case 'decision':
        this.#outcome.decisions.push(effect.decision);
        return;
      case 'decode':
        this.send({ kind: 'decoded', result: undoCodings(effect) });
        return;
      case 'immediate':
        assert.equal(this.#outcome.immediate, undefined);
        this.#outcome.immediate = effect.response;
        this.#outcome.metadata = effect.response.metadata;
        return;
      case 'misconfigured':
        this.#outcome.misconfigured = effect.text;
        return;
      case 'reply':
        assert.equal(this.#outcome.immediate, undefined, 'a reply after the immediate response');
        this.#outcome.replies.push(effect.reply);
        this.#outcome.metadata ??= effect.reply.metadata;
        this.#reply(effect.reply);
    }
  }

  #reply(reply: Reply): void {
    if (this.#mode === 'FULL_DUPLEX_STREAMED') {
      this.#duplexReply(reply);
      return;
    }
    const message = this.#due.shift();
    assert.equal(reply.kind, message?.kind, 'a reply out of turn');
    if (reply.kind === 'headers' && reply.edits !== undefined) this.#edits.push(reply.edits);
    if (reply.kind !== 'body' || message?.kind !== 'body') return;
    if (reply.edits !== undefined) {
      assert.equal(this.#mode, 'BUFFERED', 'header edits that Envoy drops');
      this.#edits.push(reply.edits);
    }
    if (reply.body.kind === 'keep') this.#sentBody.push(Buffer.from(message.bytes));
    if (reply.body.kind === 'replace') this.#sentBody.push(Buffer.from(reply.body.bytes));
    if (reply.body.kind !== 'keep') this.#replaced = true;
  }

  #duplexReply(reply: Reply): void {
    assert.equal(this.#ended, false, 'a reply after the end');
    assert.notEqual(reply.kind, 'body');
    assert.equal(reply.kind === 'headers', !this.#headersGone, 'the header reply comes first, once');
    if (reply.kind === 'headers') {
      this.#headersGone = true;
      if (reply.edits !== undefined) this.#edits.push(reply.edits);
    }
    if (reply.kind === 'chunk') {
      assert.ok(reply.bytes.length <= 65_536);
      this.#sentBody.push(Buffer.from(reply.bytes));
      this.#ended = reply.endOfStream;
    }
    if (reply.kind === 'trailers') this.#ended = true;
    const headersOnly = this.#due[0]?.kind === 'headers' && this.#due[0].endOfStream;
    if (reply.kind === 'headers' && headersOnly) this.#ended = true;
    if (this.#ended) this.#due = [];
  }

  finish(lines: readonly HeaderLine[], allowContentLength: boolean): Outcome {
    const outcome = this.#outcome;
    outcome.released = this.#sentBody.reduce((sum, bytes) => sum + bytes.length, 0);
    if (outcome.immediate !== undefined || outcome.misconfigured !== undefined) return outcome;
    this.expectNothingDue();
    const body = Buffer.concat(this.#sentBody);
    let headers = [...lines];
    for (const edits of this.#edits) headers = editHeaders(headers, this.#allowed(edits, allowContentLength));
    const stated = headers.find((line) => line.name === 'content-length');
    if (stated !== undefined) {
      assert.equal(Number(stated.value), body.length, 'content-length does not fit the body');
    } else if (this.#mode === 'BUFFERED')
      assert.equal(this.#replaced, false, 'an edited body without a length');
    outcome.upstream = { headers, body, complete: true };
    return outcome;
  }

  /** Envoy ignores a content-length that is set where it has removed its own. */
  #allowed(edits: HeaderEdits, allowContentLength: boolean): HeaderEdits {
    if (this.#mode === 'BUFFERED' || allowContentLength) return edits;
    return { ...edits, set: edits.set.filter((line) => line.name !== 'content-length') };
  }
}

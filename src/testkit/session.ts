import { randomUUID } from 'node:crypto';
import type { Connector, ProcessCall } from './connector.ts';
import { FilterModel } from './filter.ts';
import { type BytesInput, type HeaderInput, type HeaderLine, headerLines, toBytes } from './http.ts';
import { requestHeaderLines } from './message-builder.ts';
import type { DirectionName, GrpcStatus } from './messages.ts';
import type { Received } from './next-hop.ts';
import type { FilterSettings } from './options.ts';
import { type ExchangeResult, exchangeResult, type LoggedMessage } from './result.ts';
import { ViolationError } from './violations.ts';

/** How long to wait for the server's end after Envoy half-closed, in milliseconds; then the stream is reset. */
const CLOSE_GRACE = 500;

/** The head of a request that `open` sends. */
export interface RequestHead {
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly headers?: HeaderInput;
}

/**
 * One HTTP stream in progress: both peers are played by the test, piece by piece and in any order; each call is one
 * read of Envoy's. Used by `exchange`, and by itself for streams without an end, such as a WebSocket.
 */
export class Session {
  readonly #settings: FilterSettings;
  readonly #connector: Connector;
  readonly #allowViolations: boolean;
  readonly #model: FilterModel;
  readonly #log: LoggedMessage[] = [];
  readonly #timers = new Map<DirectionName | 'idle', NodeJS.Timeout>();
  #waiters: (() => void)[] = [];
  #call: ProcessCall | undefined;
  #serverStatus: GrpcStatus | undefined;
  #halfClosed = false;
  #over = false;
  /** The outcome, when the client has its answer or the stream was cut. Rejects with a `ViolationError`. */
  readonly closed: Promise<ExchangeResult>;
  readonly #close: { resolve(result: ExchangeResult): void; reject(error: Error): void };

  constructor(settings: FilterSettings, connector: Connector, allowViolations: boolean) {
    this.#settings = settings;
    this.#connector = connector;
    this.#allowViolations = allowViolations;
    const { promise, resolve, reject } = Promise.withResolvers<ExchangeResult>();
    this.closed = promise;
    this.#close = { resolve, reject };
    // Whoever only looks at `toClient` must not die of an unread rejection; `closed` itself still rejects.
    promise.catch(() => undefined);
    this.#model = new FilterModel(settings, {
      send: (message) => {
        this.#log.push({ from: 'envoy', message });
        this.#openCall().send(message);
      },
      startTimer: (direction) =>
        this.#start(direction, settings.messageTimeout, () => this.#model.messageTimeout(direction)),
      stopTimer: (direction) => this.#stop(direction),
    });
  }

  /** What the upstream has received so far. */
  get toUpstream(): Received {
    return this.#model.upstream.received();
  }

  /** What the client has received so far; `:status` among the headers. */
  get toClient(): Received {
    return this.#model.client.received();
  }

  /** The request's headers have reached the upstream. */
  get upstreamStarted(): boolean {
    return this.#model.upstream.started;
  }

  /** The whole request has reached the upstream. */
  get upstreamComplete(): boolean {
    return this.#model.upstream.complete;
  }

  /** The client has its answer, or the stream was cut. */
  get over(): boolean {
    return this.#over;
  }

  sendClientHeaders(head: RequestHead, endOfStream = false): void {
    const pseudo: HeaderLine[] = [
      [':authority', head.authority ?? 'api.example.com'],
      [':path', head.path ?? '/'],
      [':method', head.method ?? 'POST'],
      [':scheme', 'http'],
    ];
    const lines = requestHeaderLines(pseudo, headerLines(head.headers), randomUUID());
    if (head.method === 'HEAD') this.#model.client.leaveBodyOut();
    this.#step(() => this.#model.request.receiveHeaders(lines, endOfStream));
  }

  sendClientBytes(bytes: BytesInput, endOfStream = false): void {
    this.#step(() => this.#model.request.receiveData(toBytes(bytes), endOfStream));
  }

  sendClientTrailers(trailers: HeaderInput): void {
    this.#step(() => this.#model.request.receiveTrailers(headerLines(trailers)));
  }

  /** The upstream's answer begins (101 included), or an answer of another filter that never had a request. */
  sendUpstreamHeaders(status: number, headers: HeaderInput = {}, endOfStream = false): void {
    const lines: HeaderLine[] = [[':status', String(status)], ...headerLines(headers)];
    this.#step(() => this.#model.response.receiveHeaders(lines, endOfStream));
  }

  sendUpstreamBytes(bytes: BytesInput, endOfStream = false): void {
    this.#step(() => this.#model.response.receiveData(toBytes(bytes), endOfStream));
  }

  sendUpstreamTrailers(trailers: HeaderInput): void {
    this.#step(() => this.#model.response.receiveTrailers(headerLines(trailers)));
  }

  /** A peer closes its connection: the stream is reset, and Envoy ends the gRPC stream. */
  disconnect(): void {
    this.#step(() => {
      this.#model.upstream.reset();
      this.#model.client.reset();
    });
  }

  /** Waits until no reply is due, at most `limit` milliseconds. False where replies are still due then. */
  async settled(limit = this.#settings.messageTimeout): Promise<boolean> {
    const { request, response } = this.#model;
    return this.until(() => request.due.length === 0 && response.due.length === 0, limit);
  }

  /** Waits until the condition holds, the stream is over, or `limit` milliseconds have passed; tells if it holds. */
  async until(condition: () => boolean, limit = this.#settings.idleTimeout): Promise<boolean> {
    const deadline = performance.now() + limit;
    while (!this.#over && !condition()) {
      const left = deadline - performance.now();
      if (left <= 0) break;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, left);
      this.#waiters.push(resolve);
      await promise;
      clearTimeout(timer);
    }
    return condition();
  }

  #openCall(): ProcessCall {
    this.#call ??= this.#connector.open(this.#settings.initialMetadata, {
      reply: (message) => {
        this.#log.push({ from: 'server', message });
        this.#step(() => this.#model.receive(message), true);
      },
      ended: (status) => {
        this.#serverStatus = status;
        this.#step(() => {
          if (!this.#halfClosed) this.#model.serverEnded(status);
        }, true);
      },
    });
    return this.#call;
  }

  /** Runs one event and looks at what it led to. `late`: wanted even when the stream is over. */
  #step(event: () => void, late = false): void {
    if (this.#over && !late) return;
    event();
    if (!this.#over) {
      this.#start('idle', this.#settings.idleTimeout, () => this.#model.idleTimeout());
      if (this.#model.client.finished) this.#finish();
    }
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #start(name: DirectionName | 'idle', milliseconds: number, expired: () => void): void {
    this.#stop(name);
    this.#timers.set(
      name,
      setTimeout(() => this.#step(expired), milliseconds),
    );
  }

  #stop(name: DirectionName | 'idle'): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  /** Closes Envoy's half, gathers what the server still says, and settles `closed`. */
  #finish(): void {
    this.#over = true;
    for (const name of [...this.#timers.keys()]) this.#stop(name);
    this.#model.upstream.reset();
    this.#model.close();
    setTimeout(() => void this.#closeCall().then(() => this.#settle()), this.#connector.linger);
  }

  async #closeCall(): Promise<void> {
    this.#halfClosed = true;
    if (this.#call === undefined || this.#serverStatus !== undefined) return;
    this.#call.halfClose();
    const deadline = performance.now() + CLOSE_GRACE;
    while (this.#serverStatus === undefined && performance.now() < deadline) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, deadline - performance.now());
      this.#waiters.push(resolve);
      await promise;
      clearTimeout(timer);
    }
    if (this.#serverStatus === undefined) this.#call.cancel();
  }

  #settle(): void {
    const { violations } = this.#model;
    if (violations.length > 0 && !this.#allowViolations) {
      this.#close.reject(new ViolationError([...violations]));
    } else {
      this.#close.resolve(exchangeResult(this.#model, this.#log, this.#serverStatus));
    }
  }
}

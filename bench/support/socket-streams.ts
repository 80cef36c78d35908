import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { turnFrame } from './bodies.ts';
import { grpcFrame, headerLines, PROCESS_PATH, ReplyCounter } from './grpc-frames.ts';

/** Streams of one connection, as `max_requests_per_connection` of the shipped file says. */
const STREAMS_A_CONNECTION = 900;
/** What a server may send ahead, as Envoy allows it. */
const STREAM_WINDOW = 16 * 1024 * 1024;
const CONNECTION_WINDOW = 24 * 1024 * 1024;
/** `STREAMED` in Envoy's contract. */
const STREAMED = 1;

/** The handshake of an SDK's client, as Envoy shows it. */
const HANDSHAKE: readonly (readonly [string, string])[] = [
  [':authority', 'api.example.com'],
  [':path', '/v1/responses'],
  [':method', 'GET'],
  [':scheme', 'http'],
  ['upgrade', 'websocket'],
  ['connection', 'Upgrade'],
  ['sec-websocket-version', '13'],
  ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ['sec-websocket-extensions', 'permessage-deflate; client_max_window_bits'],
  ['authorization', 'Bearer sk-example-0123456789abcdef0123456789abcdef'],
  ['user-agent', 'OpenAI/Python 3.22.1'],
  ['x-forwarded-proto', 'http'],
  ['x-request-id', '5f0d3c0e-7a5c-4d53-9d0f-2f0a4a0b7d11'],
];

const SWITCHING: readonly (readonly [string, string])[] = [
  [':status', '101'],
  ['upgrade', 'websocket'],
  ['connection', 'upgrade'],
  ['sec-websocket-accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
];

function headersOf(lines: readonly (readonly [string, string])[]): object {
  return { headers: { headers: headerLines(lines) }, attributes: new Map(), endOfStream: false };
}

const REQUEST_HEADERS = grpcFrame({
  request: { $case: 'requestHeaders', value: headersOf(HANDSHAKE) },
  protocolConfig: {
    requestBodyMode: STREAMED,
    responseBodyMode: STREAMED,
    sendBodyWithoutWaitingForHeaderResponse: true,
  },
});
const RESPONSE_HEADERS = grpcFrame({ request: { $case: 'responseHeaders', value: headersOf(SWITCHING) } });

/** The message of Envoy for one turn of a client: the frame of a `response.create` of about `bytes` bytes. */
export function turnMessage(bytes: number, tier: string): Buffer {
  const value = { body: turnFrame(bytes, tier), endOfStream: false, endOfStreamWithoutMessage: false };
  return grpcFrame({ request: { $case: 'requestBody', value } });
}

/** The ext_proc stream of one open WebSocket. */
export class SocketStream {
  readonly #stream: ClientHttp2Stream;
  readonly #counter = new ReplyCounter();
  #answered: ((error?: Error) => void) | undefined;
  /** Bytes of all replies so far, their frames included. */
  received = 0;

  constructor(session: ClientHttp2Session) {
    this.#stream = session.request({
      ':method': 'POST',
      ':path': PROCESS_PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    this.#stream.on('error', (error: Error) => this.#settle(error));
    this.#stream.on('close', () => this.#settle(new Error('the server ended the stream')));
    this.#stream.on('data', (bytes: Buffer) => {
      this.received += bytes.length;
      if (this.#counter.count(bytes) > 0) this.#settle();
    });
  }

  /** Sends one message of Envoy and waits for its reply. */
  send(message: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#answered = (error) => (error === undefined ? resolve() : reject(error));
      this.#stream.write(message);
    });
  }

  /** Ends the stream as Envoy ends one whose socket is over. */
  close(): Promise<void> {
    this.#answered = undefined;
    return new Promise((resolve) => this.#stream.close(constants.NGHTTP2_CANCEL, resolve));
  }

  #settle(error?: Error): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(error);
  }
}

/** Opens WebSockets at an ext_proc server as Envoy does with the shipped file, straight over loopback. */
export class SocketStreams {
  readonly #port: number;
  readonly #sessions: ClientHttp2Session[] = [];
  #opened = 0;

  constructor(port: number) {
    this.#port = port;
  }

  /** Opens one: handshake, 101, and the replies to both. */
  async open(): Promise<SocketStream> {
    const stream = new SocketStream(this.#session());
    await stream.send(REQUEST_HEADERS);
    await stream.send(RESPONSE_HEADERS);
    return stream;
  }

  /** Closes the connections. */
  close(): void {
    for (const session of this.#sessions) session.destroy();
  }

  #session(): ClientHttp2Session {
    const last = this.#sessions.at(-1);
    this.#opened += 1;
    if (last !== undefined && this.#opened % STREAMS_A_CONNECTION !== 0) return last;
    const session = connect(`http://127.0.0.1:${this.#port}`, {
      settings: { initialWindowSize: STREAM_WINDOW },
      // In MB; beyond it Node refuses new streams of its own accord.
      maxSessionMemory: 1000,
    });
    session.on('error', () => {});
    session.on('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW));
    this.#sessions.push(session);
    return session;
  }
}

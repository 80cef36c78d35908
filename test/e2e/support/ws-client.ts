import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { Close } from './ws-frames.ts';
import { type RawOptions, RawSocket } from './ws-raw.ts';
import { Wake } from './ws-wake.ts';

/** One talk over a WebSocket: each message is sent when the one before it was answered. */
export interface Script {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  readonly send: readonly string[];
  /** The code with which the client closes at the end; without it the client waits for the other side to close. */
  readonly close?: number;
}

/** What a client saw. */
export interface Talk {
  /** The text messages that it received. */
  readonly messages: readonly string[];
  /** 1006 where the connection ended without a Close. */
  readonly close: Close;
  /** The sub-protocol and the extensions that the handshake settled; empty where there are none. */
  readonly protocol: string;
  readonly extensions: string;
  /** Every byte that was sent behind the handshake, where the client can tell. */
  readonly sent?: Buffer;
}

/** A client library, or a client of our own. */
export interface SocketClient {
  readonly name: string;
  talk(port: number, script: Script): Promise<Talk>;
}

/** The client of Node's `ws`, with its usual offer of compression. */
export const wsClient: SocketClient = {
  name: 'ws',
  async talk(port, script) {
    const client = openWs(port, script);
    const messages: string[] = [];
    const wake = new Wake();
    let over: Close | undefined;
    client.on('message', (data) => {
      messages.push(String(data));
      wake.notify();
    });
    client.on('close', (code, reason) => {
      over = { code, reason: reason.toString() };
      wake.notify();
    });
    await opened(client);
    for (const [index, text] of script.send.entries()) {
      client.send(text);
      await wake.until('an answer', () => messages.length > index || over !== undefined);
    }
    if (script.close !== undefined) client.close(script.close);
    await wake.until('the Close', () => over !== undefined);
    const { protocol, extensions } = client;
    return { messages, close: over ?? { code: 1006, reason: '' }, protocol, extensions };
  },
};

/** Opens a `ws` client; a failed handshake is reported by {@link opened}. */
export function openWs(port: number, { path, headers, protocols }: Omit<Script, 'send'>): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${port}${path ?? '/v1/responses'}`, [...(protocols ?? [])], {
    headers: { ...headers },
  });
}

/** Resolves when the handshake is done. @throws Error where it is refused, with the status */
export function opened(client: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    client.on('open', () => resolve());
    client.on('error', (error) => reject(error));
  });
}

/** The client that sends each byte by itself. */
export const byteByByteClient: SocketClient = {
  name: 'byte by byte',
  talk: async (port, script) => talkRaw(await openRaw(port, { ...script, byteByByte: true }), script),
};

/** Has the talk of a script on a socket of ours. */
export async function talkRaw(socket: RawSocket, { send, close }: Script): Promise<Talk> {
  for (const [index, text] of send.entries()) {
    await socket.text(text);
    await socket.received(index + 1);
  }
  if (close !== undefined) await socket.close(close);
  const end = await socket.closed();
  const messages = socket.messages().map(({ payload }) => payload.toString());
  socket.destroy();
  return { messages, close: end, ...socket.handshake, sent: socket.sent };
}

/** What most clients offer; ours could not read what comes of it, so it has to be taken out. */
const OFFER = 'permessage-deflate; client_max_window_bits';

/** Where a raw socket goes. */
export interface RawTarget extends RawOptions {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  /** Bytes that go out in the same write as the handshake. */
  readonly pipelined?: Buffer;
}

/** Opens a socket of ours over HTTP/1.1. @throws Error where the answer is no 101, with its status line */
export async function openRaw(port: number, target: RawTarget = {}): Promise<RawSocket> {
  const stream = connectTcp({ port, host: '127.0.0.1', noDelay: true });
  await once(stream, 'connect');
  const lines = { ...handshakeHeaders(target), ...target.headers };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `GET ${target.path ?? '/v1/responses'} HTTP/1.1\r\nhost: gateway.test\r\n${head.join('')}\r\n`;
  stream.write(Buffer.concat([Buffer.from(request), target.pipelined ?? Buffer.alloc(0)]));
  const { status, headers, rest } = await readHead(stream);
  if (status !== 101) {
    stream.destroy();
    throw new Error(`the handshake was answered with ${status}`);
  }
  return new RawSocket(stream, target, { status, headers }, rest);
}

function handshakeHeaders({ protocols }: RawTarget): Record<string, string> {
  return {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
    'sec-websocket-extensions': OFFER,
    ...(protocols === undefined ? {} : { 'sec-websocket-protocol': protocols.join(', ') }),
  };
}

/** Reads the head of an answer of HTTP/1.1; `rest` is what came behind it. */
async function readHead(
  stream: Duplex,
): Promise<{ status: number; headers: ReadonlyMap<string, string>; rest: Buffer }> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const part = stream.read() as Buffer | null;
    if (part !== null) bytes = Buffer.concat([bytes, part]);
    const end = bytes.indexOf('\r\n\r\n');
    if (end >= 0) {
      const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
      const pairs = lines
        .map((line) => line.split(/: ?(.*)/s))
        .map(([name = '', value = '']) => [name.toLowerCase(), value] as const);
      return { status: Number(first.split(' ')[1]), headers: new Map(pairs), rest: bytes.subarray(end + 4) };
    }
    if (part === null) await Promise.race([once(stream, 'readable'), once(stream, 'close')]);
    if (stream.destroyed) throw new Error('the connection ended before the handshake was answered');
  }
}

/** A connection of HTTP/2 without TLS that opens WebSockets by extended CONNECT (RFC 8441). */
export class Http2Sockets {
  readonly #session: ClientHttp2Session;

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
    session.on('error', () => {});
  }

  static async connect(port: number): Promise<Http2Sockets> {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    await once(session, 'remoteSettings');
    return new Http2Sockets(session);
  }

  /** @throws Error where the answer is no 200 */
  async open(target: RawTarget = {}): Promise<RawSocket> {
    const stream = this.#session.request(
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':path': target.path ?? '/v1/responses',
        'sec-websocket-version': '13',
        'sec-websocket-extensions': OFFER,
        ...target.headers,
      },
      { endStream: false },
    );
    stream.on('error', () => {});
    const [headers] = (await once(stream, 'response')) as [Record<string, string | number>];
    const status = Number(headers[':status']);
    if (status !== 200) throw new Error(`the handshake was answered with ${status}`);
    const lines = new Map(Object.entries(headers).map(([name, value]) => [name, String(value)] as const));
    return new RawSocket(stream, target, { status, headers: lines }, Buffer.alloc(0));
  }

  close(): void {
    this.#session.destroy();
  }
}

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { BEHAVIOURS, type Behaviour, LINGER_MILLISECONDS } from './ws-behaviours.ts';
import { type Close, closeOf, decodeFrames, type Frame, type Message, messagesOf } from './ws-frames.ts';
import { Wake } from './ws-wake.ts';

/** The header by which a client says how the provider shall behave; `echo` without it. */
export const BEHAVIOUR_HEADER = 'x-behaviour';

/** What an `echo` provider answers instead of what it gets: a list of texts as JSON in base64url. */
export const ANSWERS_HEADER = 'x-answers';

/** RFC 6455, section 1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** What the mock provider saw of one WebSocket. */
export interface SeenSocket {
  readonly path: string;
  /** Header lines of the handshake in their order; names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  /** Every byte behind the handshake so far. */
  readonly bytes: Buffer;
  /** The complete frames so far. @throws Error where one is not masked, or uses reserved bits */
  frames(): Frame[];
  /** The complete data messages so far. */
  messages(): Message[];
  /** What the client's Close says, once it is there. */
  close(): Close | undefined;
  /** True once the TCP connection is over. */
  readonly ended: boolean;
}

/** A model provider that speaks WebSocket and records exactly what reaches it. */
export interface SocketProvider {
  readonly port: number;
  /** Every handshake so far. */
  readonly seen: readonly SeenSocket[];
  /** Plain requests so far, as `METHOD path`. */
  readonly requests: string[];
  /** The bodies of plain requests so far, and how often each came. */
  readonly bodies: ReadonlyMap<string, number>;
  /** Bytes that the system has not taken yet, because the other side does not read. */
  readonly unsent: number;
  /** The one socket whose header `x-case` has this value. @throws Error where there are several */
  socket(name: string): Promise<SeenSocket>;
  /** Waits until the TCP connection of a socket is over. */
  ended(socket: SeenSocket): Promise<void>;
  /** Waits for the client's Close. @throws Error where the connection ends without one */
  closed(socket: SeenSocket): Promise<Close>;
  /** How many handshakes with this `x-case` have come. */
  contacts(name: string): number;
  /** Cuts all connections. */
  cut(): void;
  stop(): Promise<void>;
}

/** What is kept of one handshake and of the bytes behind it. */
export class RecordedSocket implements SeenSocket {
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly #parts: Buffer[] = [];
  readonly #frames: Frame[] = [];
  #rest: Buffer = Buffer.alloc(0);
  ended = false;

  constructor(request: IncomingMessage) {
    this.path = request.url ?? '';
    const flat = request.rawHeaders;
    this.headers = flat.flatMap((name, index) =>
      index % 2 === 0 ? [[name.toLowerCase(), flat[index + 1] ?? ''] as const] : [],
    );
  }

  /** Records bytes. @returns the frames that they complete */
  push(part: Buffer): readonly Frame[] {
    this.#parts.push(Buffer.from(part));
    const { frames, rest } = decodeFrames(Buffer.concat([this.#rest, part]));
    this.#rest = rest;
    this.#frames.push(...frames);
    return frames;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  frames(): Frame[] {
    for (const { masked, reserved } of this.#frames) {
      if (!masked || reserved !== 0) throw new Error('a frame reached the provider that no client may send');
    }
    return this.#frames;
  }

  messages(): Message[] {
    return messagesOf(this.frames());
  }

  close(): Close | undefined {
    return closeOf(this.#frames);
  }
}

/** The value of the first header line of a name. */
export function headerOf(socket: SeenSocket, name: string): string | undefined {
  return socket.headers.find(([key]) => key === name)?.[1];
}

/** Starts the provider on a free loopback port. Plain requests are answered with 200 and an empty JSON object. */
export async function startSocketProvider(): Promise<SocketProvider> {
  const seen: RecordedSocket[] = [];
  const requests: string[] = [];
  const bodies = new Map<string, number>();
  const open = new Set<Socket>();
  const wake = new Wake();
  // Accepts compression where it is offered, so that an offer that was not taken out would be seen.
  const library = new WebSocketServer({ noServer: true, perMessageDeflate: { threshold: 0 } });
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      bodies.set(body, (bodies.get(body) ?? 0) + 1);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.on('upgrade', (request, stream, head) => {
    const socket = stream as Socket;
    const recorded = new RecordedSocket(request);
    seen.push(recorded);
    wake.notify();
    socket.on('close', () => {
      recorded.ended = true;
      wake.notify();
    });
    socket.on('error', () => {});
    const behaviour = request.headers[BEHAVIOUR_HEADER] ?? 'echo';
    if (behaviour === 'echo' || behaviour === 'hasty-echo') {
      // `ws` puts the head back in front of what it reads.
      socket.on('data', (part: Buffer) => {
        recorded.push(part);
        wake.notify();
      });
      if (behaviour === 'echo') lingerBeforeEnd(socket);
      library.handleUpgrade(request, socket, head, (client) => {
        const answers = answersOf(request);
        client.on('message', (data, isBinary) => {
          const answer = answers?.shift();
          client.send(answer ?? data, { binary: answer === undefined && isBinary });
        });
        client.on('error', () => {});
      });
      return;
    }
    const act = BEHAVIOURS.get(String(behaviour));
    if (act === undefined) throw new Error(`no behaviour ${String(behaviour)}`);
    const onFrame = acceptRaw(request, socket, act);
    const take = (part: Buffer): void => {
      for (const frame of recorded.push(part)) onFrame(frame);
      wake.notify();
    };
    if (head.length > 0) take(head);
    socket.on('data', take);
    socket.on('end', () => socket.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  const named = (name: string): RecordedSocket[] =>
    seen.filter((socket) => headerOf(socket, 'x-case') === name);
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    requests,
    bodies,
    get unsent() {
      return [...open].reduce((sum, socket) => sum + socket.writableLength, 0);
    },
    contacts: (name) => named(name).length,
    async socket(name) {
      await wake.until(`the socket ${name} at the provider`, () => named(name).length > 0);
      const [socket, ...others] = named(name);
      if (socket === undefined || others.length > 0)
        throw new Error(`${name} reached the provider more than once`);
      return socket;
    },
    ended: (socket) => wake.until('the end of the connection at the provider', () => socket.ended),
    async closed(socket) {
      await wake.until('the Close at the provider', () => socket.ended || socket.close() !== undefined);
      const close = socket.close();
      if (close === undefined) throw new Error('the connection ended without a Close at the provider');
      return close;
    },
    cut,
    async stop() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

function answersOf(request: IncomingMessage): string[] | undefined {
  const value = request.headers[ANSWERS_HEADER];
  if (typeof value !== 'string') return undefined;
  return JSON.parse(Buffer.from(value, 'base64url').toString()) as string[];
}

/**
 * A server ends TCP behind its Close. What Envoy still holds for an ext_proc server when the end comes is lost, and `ws`
 * ends at once: `hasty-echo` does so, `echo` leaves time for the Close to arrive.
 */
function lingerBeforeEnd(socket: Socket): void {
  const end = socket.end.bind(socket);
  socket.end = () => {
    setTimeout(() => end(), LINGER_MILLISECONDS);
    return socket;
  };
}

/** A handshake without checks; then what the behaviour does with frames. */
function acceptRaw(request: IncomingMessage, socket: Socket, act: Behaviour): (frame: Frame) => void {
  socket.setNoDelay(true);
  const key = `${request.headers['sec-websocket-key'] ?? ''}${ACCEPT_GUID}`;
  const accept = createHash('sha1').update(key).digest('base64');
  const head = ['HTTP/1.1 101 Switching Protocols', 'upgrade: websocket', 'connection: Upgrade'];
  socket.write([...head, `sec-websocket-accept: ${accept}`, '', ''].join('\r\n'));
  return act((bytes) => {
    if (!socket.destroyed && socket.writable) socket.write(bytes);
  }, socket);
}

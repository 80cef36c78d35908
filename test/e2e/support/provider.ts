import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { waitFor } from '../../../tools/envoy/wait-for.ts';

/** What the mock provider saw of one request. It is recorded as soon as the headers are there. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** Header lines in their order; names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  /** The bytes of the body so far. */
  body: Buffer;
  /** Trailer lines. */
  trailers: readonly (readonly [string, string])[];
  /** True once the request has ended properly; false where it was cut, or is still coming. */
  complete: boolean;
}

/** What the provider answers. */
export interface ProviderAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export interface ProviderOptions {
  /** Speak HTTP/2 without TLS instead of HTTP/1.1. */
  readonly http2?: boolean;
  /** Called with each complete request; default is 200 and a short JSON object. */
  readonly answer?: (request: SeenRequest) => ProviderAnswer;
  /** Called with each complete request instead of keeping it. For runs of many requests. */
  readonly inspect?: (request: SeenRequest) => void;
}

/** A model provider that records exactly what reaches it. */
export interface MockProvider {
  readonly port: number;
  /** Every request so far, in the order in which their headers came. */
  readonly seen: readonly SeenRequest[];
  /** The one request whose header `x-case` has this value, once it is complete. @throws Error where there are several */
  request(name: string): Promise<SeenRequest>;
  /** How many requests with this `x-case` have made contact, complete or not. */
  contacts(name: string): number;
  stop(): Promise<void>;
}

const DEFAULT_ANSWER: ProviderAnswer = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: '{"object":"response","status":"completed"}',
};

/** The value of the first header line of a name. */
export function header(request: SeenRequest, name: string): string | undefined {
  return request.headers.find(([key]) => key === name)?.[1];
}

/** Starts the mock provider on a free loopback port. */
export async function startProvider(options: ProviderOptions = {}): Promise<MockProvider> {
  const seen: SeenRequest[] = [];
  const answer = options.answer ?? (() => DEFAULT_ANSWER);
  const sockets = new Set<Socket>();

  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    const request: SeenRequest = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: pairs(incoming.rawHeaders),
      body: Buffer.alloc(0),
      trailers: [],
      complete: false,
    };
    if (options.inspect === undefined) seen.push(request);
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
    });
    incoming.on('end', () => {
      request.body = Buffer.concat(chunks);
      request.trailers = pairs(incoming.rawTrailers);
      request.complete = incoming.complete;
      options.inspect?.(request);
      const reply = answer(request);
      response.writeHead(reply.status, reply.headers);
      response.end(reply.body);
    });
    incoming.on('error', () => {
      request.body = Buffer.concat(chunks);
    });
  };

  const server = options.http2 === true ? http2Server(listener) : http1Server(listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const named = (name: string): SeenRequest[] => seen.filter((request) => header(request, 'x-case') === name);
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    contacts: (name) => named(name).length,
    async request(name) {
      const request = await waitFor(`the request ${name} at the provider`, () =>
        named(name).find(({ complete }) => complete),
      );
      if (named(name).length !== 1) throw new Error(`${name} reached the provider more than once`);
      return request;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

type Listener = (incoming: IncomingMessage, response: ServerResponse) => void;

function http1Server(listener: Listener): Server {
  // Envoy closes its idle connections itself; were this side faster, a request could meet a closing connection.
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, listener);
  return server;
}

function http2Server(listener: Listener): Http2Server {
  // The compatibility layer has the members that `listener` uses.
  return createHttp2Server({}, listener as unknown as Parameters<typeof createHttp2Server>[1]);
}

function pairs(flat: readonly string[]): (readonly [string, string])[] {
  const lines: (readonly [string, string])[] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    lines.push([(flat[index] ?? '').toLowerCase(), flat[index + 1] ?? '']);
  }
  return lines;
}

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { bodyPieces, headerLines } from '../../../src/testkit/http.ts';
import type { ScriptedResponse } from '../../../src/testkit/index.ts';

/** Time between the pieces of a slow peer, in milliseconds: long enough for Envoy to read each by itself. */
export const PIECE_GAP = 60;

/** What the upstream saw of one request. */
export interface SeenAtUpstream {
  /** When the headers came, by the monotonic clock. */
  readonly at: number;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: () => Buffer;
  complete: boolean;
  /** The request is over for the upstream: it was answered, or reset. */
  closed: boolean;
  trailers: readonly (readonly [string, string])[];
}

/** An HTTP/1.1 upstream that plays the answer of the behaviour named in `x-behaviour`. */
export interface ScriptedUpstream {
  readonly port: number;
  seen(id: string): SeenAtUpstream | undefined;
  stop(): void;
}

/** Starts it on a free loopback port. */
export async function startUpstream(responseOf: (id: string) => ScriptedResponse): Promise<ScriptedUpstream> {
  const requests = new Map<string, SeenAtUpstream>();
  const sockets = new Set<Socket>();
  const server = createServer((incoming, outgoing) => {
    const id = String(incoming.headers['x-behaviour'] ?? '');
    const chunks: Buffer[] = [];
    const seen: SeenAtUpstream = {
      at: performance.now(),
      path: incoming.url ?? '',
      headers: pairs(incoming.rawHeaders),
      body: () => Buffer.concat(chunks),
      complete: false,
      closed: false,
      trailers: [],
    };
    requests.set(id, seen);
    const response = responseOf(id);
    if (response.when === 'request-headers') void answer(incoming, outgoing, response);
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', () => undefined);
    outgoing.on('close', () => {
      seen.closed = true;
    });
    incoming.on('end', () => {
      seen.complete = incoming.complete;
      seen.trailers = pairs(incoming.rawTrailers);
      if (response.when !== 'request-headers') void answer(incoming, outgoing, response);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    seen: (id) => requests.get(id),
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  response: ScriptedResponse,
): Promise<void> {
  const pieces = incoming.method === 'HEAD' ? [] : (bodyPieces(response.body) ?? []);
  const slow = Array.isArray(response.body);
  const announced = (response.contentLength ?? true) && response.trailers === undefined;
  const headers = headerLines(response.headers);
  if (announced)
    headers.push(['content-length', String(pieces.reduce((sum, { length }) => sum + length, 0))]);
  outgoing.writeHead(response.status ?? 200, headers.flat());
  if (slow) outgoing.flushHeaders();
  for (const piece of pieces) {
    if (slow) await delay(PIECE_GAP);
    outgoing.write(piece);
  }
  if (response.trailers !== undefined)
    outgoing.addTrailers(
      headerLines(response.trailers).map(([name, value]): [string, string] => [name, value]),
    );
  outgoing.end();
}

function pairs(flat: readonly string[]): (readonly [string, string])[] {
  const lines: (readonly [string, string])[] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    lines.push([(flat[index] ?? '').toLowerCase(), flat[index + 1] ?? '']);
  }
  return lines;
}

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ModelEvent, realtimeEvents, responseEvents, sessionCreated } from './sdk-events.ts';
import { headerOf, RecordedSocket, type SeenSocket } from './ws-provider.ts';

/** A plain request that reached the provider. */
export interface ModelRequest {
  readonly method: string;
  readonly path: string;
  /** Value of the header `x-case`. */
  readonly name: string | undefined;
  readonly body: Buffer;
}

/** A provider that speaks the Responses and the Realtime protocol well enough for real clients. */
export interface ModelProvider {
  readonly port: number;
  /** The sockets whose header `x-case` has this value, in the order of their handshakes. */
  sockets(name: string): readonly SeenSocket[];
  /** The plain requests whose header `x-case` has this value. */
  requests(name: string): readonly ModelRequest[];
  /** From now on upgrades of clients with this `x-case` are answered with 426, as by a provider without sockets. */
  refuseSockets(name: string): void;
  stop(): Promise<void>;
}

/** The events that a client sent over a socket. */
export function eventsOf(socket: SeenSocket): ModelEvent[] {
  return socket.messages().map(({ payload }) => JSON.parse(payload.toString()) as ModelEvent);
}

/** Starts the provider on a free loopback port. */
export async function startModelProvider(): Promise<ModelProvider> {
  const seen: RecordedSocket[] = [];
  const requests: ModelRequest[] = [];
  const refused = new Set<string>();
  const open = new Set<Socket>();
  let turns = 0;
  // Accepts compression where it is offered, so that an offer that was not taken out would be seen.
  const library = new WebSocketServer({ noServer: true, perMessageDeflate: { threshold: 0 } });
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    const name = nameOf(request);
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url: path = '' } = request;
      const body = Buffer.concat(parts);
      requests.push({ method, path, name, body });
      answerRequest(method, body, response, ++turns);
    });
  });
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.on('upgrade', (request, stream, head) => {
    const socket = stream as Socket;
    const name = nameOf(request);
    if (name !== undefined && refused.has(name)) {
      requests.push({ method: 'GET', path: request.url ?? '', name, body: Buffer.alloc(0) });
      socket.end('HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      return;
    }
    const recorded = new RecordedSocket(request);
    seen.push(recorded);
    socket.on('close', () => {
      recorded.ended = true;
    });
    // `ws` puts the head back in front of what it reads.
    socket.on('data', (part: Buffer) => recorded.push(part));
    library.handleUpgrade(request, socket, head, (client) => serveSocket(client, request, () => ++turns));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    sockets: (name) => seen.filter((socket) => headerOf(socket, 'x-case') === name),
    requests: (name) => requests.filter((request) => request.name === name),
    refuseSockets: (name) => {
      refused.add(name);
    },
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function nameOf(request: IncomingMessage): string | undefined {
  const value = request.headers['x-case'];
  return typeof value === 'string' ? value : undefined;
}

function serveSocket(client: WebSocket, request: IncomingMessage, nextTurn: () => number): void {
  const { pathname, searchParams } = new URL(request.url ?? '', 'ws://provider.test');
  const isRealtime = pathname.endsWith('/realtime');
  const send = (event: ModelEvent): void => client.send(JSON.stringify(event));
  client.on('error', () => {});
  client.on('message', (data) => {
    const event = JSON.parse(String(data)) as ModelEvent;
    if (isRealtime) realtimeEvents(event, nextTurn()).forEach(send);
    else if (event.type === 'response.create') responseEvents(event, nextTurn()).forEach(send);
  });
  if (isRealtime) send(sessionCreated(searchParams.get('model')));
}

/** A turn over HTTP is answered with a stream of events; whatever else a client asks, with an empty list. */
function answerRequest(method: string, body: Buffer, response: ServerResponse, turn: number): void {
  if (method !== 'POST') {
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"object":"list","data":[],"models":[]}');
    return;
  }
  const events = responseEvents(JSON.parse(body.toString()) as Record<string, unknown>, turn);
  const lines = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream' }).end(lines.join(''));
}

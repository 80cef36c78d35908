import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** What the mock provider got of one request. */
export interface Arrival {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface DemoProvider {
  readonly port: number;
  /** Takes the requests that have come since the last call. */
  take(): Arrival[];
  /** Takes the messages of sockets that have come since the last call. */
  takeMessages(): string[];
  stop(): Promise<void>;
}

/** What the provider says to a message of a client. */
function answerTo(text: string): string {
  const { type } = JSON.parse(text) as { readonly type?: string };
  if (type === 'session.update') return JSON.stringify({ type: 'session.updated' });
  return JSON.stringify({ type: 'response.completed', provider_received: text });
}

/** A mock provider that answers every request and message with what it got, so that a `curl` shows it too. */
export async function startDemoProvider(): Promise<DemoProvider> {
  let arrivals: Arrival[] = [];
  // Envoy closes idle connections by itself; were this side faster, a request could meet a closing connection.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
    });
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      arrivals.push({ path: request.url ?? '', headers: request.headers, body });
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        `${JSON.stringify({ object: 'mock', path: request.url, provider_received: body.toString() })}\n`,
      );
    });
  });
  let messages: string[] = [];
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (client) => {
    client.on('message', (data) => {
      messages.push(data.toString());
      client.send(answerTo(data.toString()));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = arrivals;
      arrivals = [];
      return taken;
    },
    takeMessages() {
      const taken = messages;
      messages = [];
      return taken;
    },
    async stop() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * The model provider of the container tests. It runs inside a container, so it imports nothing but Node and `ws`. It
 * answers each request and echoes each message, and tells under `/seen/<name>` what came with the header `x-case: <name>`.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { WebSocketServer } from 'ws';

const PORT = 8_000;
const SEEN = '/seen/';
const LINGER_MILLISECONDS = 100;

/** What came with one name: bodies of requests, messages of sockets, and the code of the Close. */
const seen = new Map<string, { readonly texts: string[]; closeCode?: number }>();

function recordOf({ headers }: IncomingMessage): { readonly texts: string[]; closeCode?: number } {
  const name = String(headers['x-case'] ?? '');
  const record = seen.get(name) ?? { texts: [] };
  seen.set(name, record);
  return record;
}

const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  const path = request.url ?? '';
  if (path.startsWith(SEEN)) {
    response.end(JSON.stringify(seen.get(path.slice(SEEN.length)) ?? null));
    return;
  }
  const record = recordOf(request);
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    record.texts.push(Buffer.concat(parts).toString());
    response.end('{"object":"response","status":"completed"}');
  });
});

// Ends TCP some time behind its Close: what Envoy still holds for an ext_proc server when the end comes is lost.
server.on('upgrade', (_request, socket) => {
  const end = socket.end.bind(socket);
  socket.end = () => {
    setTimeout(() => end(), LINGER_MILLISECONDS);
    return socket;
  };
});

new WebSocketServer({ server }).on('connection', (socket, request) => {
  const record = recordOf(request);
  socket.on('message', (data) => {
    record.texts.push(String(data));
    socket.send(String(data));
  });
  socket.on('close', (code) => {
    record.closeCode = code;
  });
});

server.listen(PORT, '0.0.0.0');

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What a client has sent over one connection so far. */
export interface TappedConnection {
  /** Of the first request; connections of sockets have no other. */
  readonly method: string;
  /** What came behind the head of the first request. */
  readonly rest: Buffer;
}

/** A relay in front of Envoy that keeps what clients send. */
export interface Tap {
  readonly port: number;
  /** The connections so far. */
  connections(): TappedConnection[];
  stop(): Promise<void>;
}

const END_OF_HEAD = '\r\n\r\n';

/** Starts the relay on a free loopback port. */
export async function startTap(envoyPort: number): Promise<Tap> {
  const connections: Buffer[][] = [];
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const parts: Buffer[] = [];
    connections.push(parts);
    client.on('data', (part: Buffer) => parts.push(part));
    const envoy = connect({ port: envoyPort, host: '127.0.0.1' });
    for (const socket of [client, envoy]) {
      open.add(socket);
      socket.setNoDelay(true);
      // Where one side is gone, the other one is to see it.
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        envoy.destroy();
      });
    }
    client.pipe(envoy).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections.map((parts) => tapped(Buffer.concat(parts))),
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function tapped(bytes: Buffer): TappedConnection {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0) return { method: '', rest: Buffer.alloc(0) };
  const method = bytes.toString('latin1', 0, bytes.indexOf(' '));
  return { method, rest: bytes.subarray(end + END_OF_HEAD.length) };
}

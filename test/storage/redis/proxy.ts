import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A way to a server of loopback that a test can disturb. */
export interface FaultProxy {
  readonly port: number;
  /** Milliseconds by which each answer is late. */
  delay: number;
  /** Resets all connections. */
  reset(): void;
}

/** Opens a way to `port`; it ends with the test. */
export async function openProxy(port: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const proxy = { port: 0, delay: 0, reset };
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (bytes) => upstream.write(bytes));
    upstream.on('data', (bytes) => {
      if (proxy.delay === 0) client.write(bytes);
      else setTimeout(() => client.write(bytes), proxy.delay);
    });
  });
  function reset(): void {
    for (const socket of [...sockets]) socket.resetAndDestroy();
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  proxy.port = typeof address === 'object' && address !== null ? address.port : 0;
  onTestFinished(() => {
    reset();
    server.close();
  });
  return proxy;
}

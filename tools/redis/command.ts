import { Redis } from 'ioredis';

/** Runs one command on a server of loopback over a connection of its own. Rejects with the error that it answers. */
export async function redisCommand(
  port: number,
  command: string,
  ...args: readonly string[]
): Promise<unknown> {
  const client = new Redis({
    port,
    host: '127.0.0.1',
    protocol: 2,
    retryStrategy: null,
    disableClientInfo: true,
  });
  // The command's own rejection tells it.
  client.on('error', () => {});
  try {
    return await client.call(command, [...args]);
  } finally {
    client.disconnect();
  }
}

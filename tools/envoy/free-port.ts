import { createServer } from 'node:net';

/**
 * A loopback TCP port that was free a moment ago, for programs that cannot pick one by themselves. Where a program
 * takes port 0, give it 0 instead: that cannot race.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('the system gave no port'));
      });
    });
  });
}

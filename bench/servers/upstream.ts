import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The provider of the benches: reads the whole body, answers eight bytes. Prints its port. */
const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 8 });
    response.end('{"ok":1}');
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});

import { Server, ServerCredentials } from '@grpc/grpc-js';
import { expect, it, onTestFinished } from 'vitest';
import { forgetPieces } from '../../../src/extproc/transport/grpc-internals.ts';
import type { ProcessCall } from '../../../src/extproc/transport/grpc-stream.ts';
import { processService } from '../../../src/extproc/transport/service.ts';
import { ClientStream, connectClient, postHeaders, requestBody } from './support.ts';

/** What grpc-js holds of messages, by a path of names that this version has. */
function piecesOf(call: ProcessCall): readonly Buffer[] {
  const { call: inner } = call as unknown as { call: { decoder: { readPartialMessage: Buffer[] } } };
  return inner.decoder.readPartialMessage;
}

it('grpc-js keeps no pieces of a message that was delivered', async () => {
  const bytes = Buffer.alloc(300_000, 'x');
  const server = new Server();
  onTestFinished(() => server.forceShutdown());
  const counts: number[][] = [];
  const handle = (call: ProcessCall): void => {
    call.on('data', (message: Buffer) => {
      if (message.length < bytes.length) return;
      const before = piecesOf(call).length;
      forgetPieces(call);
      counts.push([Math.sign(before), piecesOf(call).length]);
    });
  };
  server.addService(
    processService(() => undefined),
    { process: handle },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (fault, bound) =>
      fault === null ? resolve(bound) : reject(fault),
    );
  });
  const client = new ClientStream(connectClient(`127.0.0.1:${port}`));
  client.send(postHeaders).send(requestBody(bytes, false)).send(requestBody(bytes));
  await expect.poll(() => counts.length, { timeout: 5_000 }).toBe(2);
  // The second message may have begun in the bytes that ended the first; the last one is alone.
  expect(counts[1]).toEqual([1, 0]);
});

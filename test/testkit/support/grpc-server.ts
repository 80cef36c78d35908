import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import type { ProcessingRequest, ProcessingResponse, ServerHandler } from '../../../src/testkit/index.ts';
import { processMethod } from '../../../src/testkit/proto.ts';

/** A real gRPC server around handlers. */
export interface GrpcServer {
  readonly port: number;
  /** Calls that are open. */
  readonly open: () => number;
  stop(): void;
}

type Call = ServerDuplexStream<ProcessingRequest, ProcessingResponse>;

/** Starts a grpc-js server on a free loopback port. `choose` picks the handler by the stream's initial metadata. */
export async function startGrpcServer(
  choose: (metadata: ReadonlyMap<string, string>) => ServerHandler,
): Promise<GrpcServer> {
  let open = 0;
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  const process = (call: Call): void => {
    open += 1;
    const metadata = new Map(
      Object.entries(call.metadata.getMap()).map(([name, value]) => [name, `${value}`]),
    );
    const handler = choose(metadata)({
      metadata,
      send: (message) => void call.write(message),
      end(status) {
        if (status === undefined || status.code === 0) call.end();
        else call.emit('error', status);
      },
    });
    call.on('data', (message: ProcessingRequest) => void handler.message(message));
    call.on('end', () => (handler.halfClosed === undefined ? call.end() : handler.halfClosed()));
    call.on('cancelled', () => handler.cancelled?.());
    call.on('error', () => undefined);
    call.on('close', () => {
      open -= 1;
    });
  };
  server.addService({ Process: processMethod() }, { Process: process });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    error === null ? resolve(port) : reject(error),
  );
  return { port: await promise, open: () => open, stop: () => server.forceShutdown() };
}

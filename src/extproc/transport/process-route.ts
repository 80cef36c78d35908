import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { boundHttp2Servers } from './grpc-internals.ts';

/** Serves one gRPC call on the HTTP/2 stream that it came on. Must not throw. */
export type CallHandler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

type StreamListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => void;

/**
 * Serves the calls of one method on their HTTP/2 streams, and leaves all others to grpc-js. What grpc-js puts around
 * a call (interceptors, a second stream, promises for each message) costs a third of what a short call costs. To be
 * called when the server is bound; `start-up-check.ts` proves that calls arrive.
 *
 * @param path of the method, `/service/method`
 * @throws Error where grpc-js has changed
 */
export function serveMethod(server: Server, path: string, handler: CallHandler): void {
  for (const http2Server of boundHttp2Servers(server)) {
    const others = http2Server.listeners('stream') as StreamListener[];
    if (others.length === 0) throw new Error('the gRPC server listens to no streams; install it with npm ci');
    http2Server.removeAllListeners('stream');
    http2Server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => {
      if (headers[':path'] === path && isGrpc(headers)) handler(stream, headers);
      else for (const other of others) other.call(http2Server, stream, headers, flags);
    });
  }
}

function isGrpc(headers: IncomingHttpHeaders): boolean {
  return headers['content-type']?.startsWith('application/grpc') === true;
}

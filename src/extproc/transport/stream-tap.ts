import type { ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { boundHttp2Servers } from './grpc-internals.ts';

/**
 * Tells the handler of a call which HTTP/2 stream it is on. grpc-js assembles a whole message before anyone sees a
 * byte of it, so what a process holds can only be counted on that stream. The handler runs inside the `stream` event,
 * between the two listeners here; `start-up-check.ts` proves it.
 */
export class StreamTap {
  #current: ServerHttp2Stream | undefined;

  /** To be called when the server is bound. */
  attach(server: Server): void {
    for (const http2Server of boundHttp2Servers(server)) {
      http2Server.prependListener('stream', (stream: ServerHttp2Stream) => {
        this.#current = stream;
      });
      http2Server.on('stream', () => {
        this.#current = undefined;
      });
    }
  }

  /** The stream of the call whose handler is running. @throws Error outside a handler */
  get current(): ServerHttp2Stream {
    if (this.#current === undefined) throw new Error('no HTTP/2 stream is known for this gRPC call');
    return this.#current;
  }
}

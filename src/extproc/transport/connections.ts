import { constants, type ServerHttp2Session } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { boundHttp2Servers } from './grpc-internals.ts';

/**
 * The connections of a server, so that they can be cut: `forceShutdown` of grpc-js 1.14 leaves them open where its
 * channelz is off, which it is for its cost per message.
 */
export class Connections {
  readonly #open = new Set<ServerHttp2Session>();

  /** To be called when the server is bound. */
  attach(server: Server): void {
    for (const http2Server of boundHttp2Servers(server)) {
      http2Server.on('session', (session: ServerHttp2Session) => {
        this.#open.add(session);
        session.once('close', () => this.#open.delete(session));
      });
    }
  }

  /** Cuts all of them; the streams on them end as cancelled. */
  cut(): void {
    for (const session of this.#open) session.destroy(undefined, constants.NGHTTP2_CANCEL);
  }
}

import type { ServerHttp2Session } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { boundHttp2Servers, http2Options } from './grpc-internals.ts';

/**
 * What one stream may send ahead. The default of Node (65,535 bytes) paces a body at 64 KB a round trip; grpc-js has
 * an option for clients only.
 */
export const streamWindow = 4 * 1024 * 1024;

/** What one connection of Envoy may send ahead over all its streams. */
export const connectionWindow = 32 * 1024 * 1024;

/** Streams of one connection at once: one for each HTTP request and each open WebSocket. Envoy asks for 1,024. */
const maxConcurrentStreams = 65_536;

/**
 * Resets that a connection may send at once, and a second. Envoy ends each stream with one, and nghttp2 drops a
 * connection with all that is on it after 1,000 (measured: every 1,000 requests some of those in flight fail).
 */
const resetLimit = 1_000_000;

/**
 * Raises the limit; Node 20 ignores it in silence, so `start-up-check.ts` tries it. To be called before the server is
 * bound.
 */
export function raiseResetLimit(server: Server): void {
  const options = http2Options(server);
  options.streamResetBurst = resetLimit;
  options.streamResetRate = resetLimit;
}

/** The windows of streams, and how many there may be. To be called before the server is bound. */
export function raiseStreamLimits(server: Server): void {
  const options = http2Options(server);
  options.settings = { ...options.settings, initialWindowSize: streamWindow, maxConcurrentStreams };
}

/** The windows of connections, which are no setting. To be called when the server is bound. */
export function raiseConnectionWindows(server: Server): void {
  for (const http2Server of boundHttp2Servers(server)) {
    http2Server.on('session', (session: ServerHttp2Session) => {
      // A connection that is gone already has no window to raise.
      if (!session.destroyed) session.setLocalWindowSize(connectionWindow);
    });
  }
}

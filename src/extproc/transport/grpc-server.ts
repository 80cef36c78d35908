import { constants } from 'node:http2';
import { type ChannelOptions, logVerbosity, Server, setLogVerbosity } from '@grpc/grpc-js';
import type { HeldBudget } from '../../exchange/events.ts';
import { createGuard } from '../guard.ts';
import type { OpenStream } from '../message-stream.ts';
import type { StreamObserver } from '../observer.ts';
import { Connections } from './connections.ts';
import { type DrainOptions, drainServer } from './drain.ts';
import { serveCall } from './grpc-stream.ts';
import { addHealth } from './health.ts';
import { raiseConnectionWindows, raiseResetLimit, raiseStreamLimits } from './http2-limits.ts';
import { type ListenOptions, listen } from './listen.ts';
import { serveMethod } from './process-route.ts';
import { addReflection } from './reflection.ts';
import { processPath } from './service.ts';

export interface GrpcServerOptions extends ListenOptions {
  /** `limits.body`: a message may be 1 MiB larger, for what stands around the body. */
  readonly maxBodyBytes: number;
  /** Messages that are being assembled are counted against it. */
  readonly held: HeldBudget;
  readonly observer: StreamObserver;
  readonly open: OpenStream;
}

/** A server that listens. */
export interface GrpcServer {
  /** `host:port` with the port that was taken, or `unix:/path`. */
  readonly address: string;
  /** What the health service says. It says NOT_SERVING until this is called. */
  setServing(serving: boolean): void;
  /** Says NOT_SERVING, goes on serving for a while, then closes. */
  drain(options: DrainOptions): Promise<void>;
  /** Closes at once; open streams are reset. */
  close(): void;
}

const messageOverhead = 1024 * 1024;

/** Finds peers that are gone without a word; Envoy answers a ping in any state. */
const keepaliveTimeMs = 60_000;
const keepaliveTimeoutMs = 20_000;

/** Starts the ext_proc service. @throws Error that names the address and the remedy where it cannot listen */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  // What grpc-js would print is in the errors that are thrown and reported here.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server(channelOptions(options.maxBodyBytes));
  raiseResetLimit(server);
  raiseStreamLimits(server);
  const health = addHealth(server);
  addReflection(server);
  const address = await listen(server, options);
  raiseConnectionWindows(server);
  serveProcess(server, options);
  const connections = new Connections();
  connections.attach(server);
  const close = (): void => {
    server.forceShutdown();
    connections.cut();
  };
  return {
    address,
    setServing: (serving) => health.set(serving),
    drain: (drain) => drainServer(server, health, close, drain),
    close,
  };
}

/** Options of grpc-js. Envoy takes no compressed messages, and grpc-js compresses none that a server sends. */
export function channelOptions(maxBodyBytes: number): ChannelOptions {
  return {
    'grpc.max_receive_message_length': maxBodyBytes + messageOverhead,
    'grpc.max_send_message_length': maxBodyBytes + messageOverhead,
    'grpc.keepalive_time_ms': keepaliveTimeMs,
    'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
    'grpc.enable_channelz': 0,
  };
}

function serveProcess(server: Server, { open, held, observer, maxBodyBytes }: GrpcServerOptions): void {
  const call = { open, held, maxMessageBytes: maxBodyBytes + messageOverhead };
  serveMethod(server, processPath, (stream, headers) => {
    const guard = createGuard((fault, place) => {
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      observer.fault(fault, place, undefined);
    });
    guard('open', () => serveCall(stream, headers, call));
  });
}

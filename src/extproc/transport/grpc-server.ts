import { type ChannelOptions, logVerbosity, Server, setLogVerbosity } from '@grpc/grpc-js';
import type { HeldBudget } from '../../exchange/events.ts';
import type { OpenStream } from '../message-stream.ts';
import type { StreamObserver } from '../observer.ts';
import { Connections } from './connections.ts';
import { type DrainOptions, drainServer } from './drain.ts';
import { type ProcessCall, serveCall } from './grpc-stream.ts';
import { addHealth } from './health.ts';
import { raiseConnectionWindows, raiseResetLimit, raiseStreamLimits } from './http2-limits.ts';
import { type ListenOptions, listen } from './listen.ts';
import { addReflection } from './reflection.ts';
import { processService } from './service.ts';
import { StreamTap } from './stream-tap.ts';

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
  const tap = new StreamTap();
  addProcess(server, tap, options);
  const health = addHealth(server);
  addReflection(server);
  const address = await listen(server, options);
  raiseConnectionWindows(server);
  tap.attach(server);
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

function addProcess(server: Server, tap: StreamTap, options: GrpcServerOptions): void {
  const { held, observer, open } = options;
  const service = processService((fault) => observer.fault(fault, 'encode', undefined));
  server.addService(service, {
    process: (call: ProcessCall) => serveCall(call, tap.current, open, held),
  });
}

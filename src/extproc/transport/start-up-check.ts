import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  connectionWindow,
  raiseConnectionWindows,
  raiseResetLimit,
  raiseStreamLimits,
  streamWindow,
} from './http2-limits.ts';
import { probeResets } from './probe-client.ts';
import { StreamTap } from './stream-tap.ts';

/** More than nghttp2 lets a connection reset by default (1,000), by enough that its refill cannot hide it. */
const resets = 1_500;

const probePath = '/tiergate.StartUpCheck/Probe';

/** The belts that are put on a server, each of which the check can be tried without. */
export interface Belts {
  readonly resetLimit: (server: Server) => void;
  readonly streamLimits: (server: Server) => void;
  readonly connectionWindows: (server: Server) => void;
}

const allBelts: Belts = {
  resetLimit: raiseResetLimit,
  streamLimits: raiseStreamLimits,
  connectionWindows: raiseConnectionWindows,
};

/**
 * Proves on a loopback connection, before anything is served, that what is set on grpc-js by fields that it does not
 * publish has its effect on this Node: more than 1,000 resets leave a connection alive, the windows are raised, and
 * the HTTP/2 stream of a call is known.
 *
 * @throws Error that names what has no effect and the remedy
 */
export async function checkTransport(belts: Belts = allBelts): Promise<void> {
  const server = new Server({ 'grpc.enable_channelz': 0 });
  const tap = new StreamTap();
  let tapped = false;
  const probe: UntypedServiceImplementation = {
    probe: () => {
      tapped = tap.current !== undefined;
    },
  };
  const passBytes = (bytes: Buffer): Buffer => bytes;
  server.addService(
    {
      probe: {
        path: probePath,
        requestStream: true,
        responseStream: true,
        requestSerialize: passBytes,
        requestDeserialize: passBytes,
        responseSerialize: passBytes,
        responseDeserialize: passBytes,
      },
    },
    probe,
  );
  try {
    belts.resetLimit(server);
    belts.streamLimits(server);
    const port = await bind(server);
    belts.connectionWindows(server);
    tap.attach(server);
    const result = await probeResets(port, paths());
    if (!result.survived) throw new Error(resetLimitText());
    if (result.streamWindow !== streamWindow || result.connectionWindowAdded < connectionWindow / 2) {
      throw new Error(`the HTTP/2 windows cannot be raised on Node ${process.versions.node}; ${remedy}`);
    }
    if (!tapped) throw new Error(`the HTTP/2 stream of a gRPC call is not known; ${remedy}`);
  } finally {
    server.forceShutdown();
  }
}

const remedy = 'install the dependencies with npm ci and use Node 22.23 or later, 24.21 or later, or 26';

function resetLimitText(): string {
  return (
    `Node ${process.versions.node} drops an HTTP/2 connection after 1,000 stream resets, and Envoy resets each of its ` +
    `streams: requests in flight would fail; ${remedy}`
  );
}

function paths(): readonly string[] {
  return Array.from({ length: resets }, (_, index) => (index === 0 ? probePath : '/none'));
}

function bind(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (fault, port) => {
      if (fault === null) resolve(port);
      else reject(new Error(`the start-up check cannot listen on 127.0.0.1: ${fault.message}`));
    });
  });
}

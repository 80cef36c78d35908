import { Server, ServerCredentials } from '@grpc/grpc-js';
import {
  connectionWindow,
  raiseConnectionWindows,
  raiseResetLimit,
  raiseStreamLimits,
  streamWindow,
} from './http2-limits.ts';
import { probeResets } from './probe-client.ts';
import { serveMethod } from './process-route.ts';

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
 * calls arrive where they are served.
 *
 * @throws Error that names what has no effect and the remedy
 */
export async function checkTransport(belts: Belts = allBelts): Promise<void> {
  const server = new Server({ 'grpc.enable_channelz': 0 });
  let served = false;
  try {
    belts.resetLimit(server);
    belts.streamLimits(server);
    const port = await bind(server);
    belts.connectionWindows(server);
    serveMethod(server, probePath, () => {
      served = true;
    });
    const result = await probeResets(port, paths());
    if (!result.survived) throw new Error(resetLimitText());
    if (result.streamWindow !== streamWindow || result.connectionWindowAdded < connectionWindow / 2) {
      throw new Error(`the HTTP/2 windows cannot be raised on Node ${process.versions.node}; ${remedy}`);
    }
    if (!served) throw new Error(`gRPC calls do not arrive where they are served; ${remedy}`);
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

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** The readiness of the process: ready or not, and every reason that an operator should see. */
export interface Readiness {
  readonly ready: boolean;
  /** Part by part, in words of ours; no data of requests. */
  readonly checks: Readonly<Record<string, string>>;
}

export interface OpsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  readiness(): Readiness;
  /** Hears of a fault while answering; the request gets a 500 and the server goes on. */
  onFault(fault: unknown): void;
}

export interface OpsServer {
  /** `host:port` as bound, with the real port where 0 was asked. */
  readonly address: string;
  close(): Promise<void>;
}

/** A scraper or kubelet that needs longer than this is gone, milliseconds. */
const REQUEST_TIMEOUT_MILLISECONDS = 5_000;

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, 'application/json', `${JSON.stringify(value)}\n`);
}

async function answer(
  options: OpsServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    sendJson(response, 405, { error: 'only GET and HEAD are answered here' });
    return;
  }
  const path = (request.url ?? '/').split('?', 1)[0];
  if (path === '/healthz') {
    // Alive means that the event loop answers; a bad policy must not make Kubernetes restart the process.
    sendJson(response, 200, { status: 'alive' });
  } else if (path === '/readyz') {
    const readiness = options.readiness();
    sendJson(response, readiness.ready ? 200 : 503, readiness);
  } else if (path === '/metrics') {
    send(response, 200, options.registry.contentType, await options.registry.metrics());
  } else {
    sendJson(response, 404, { error: 'unknown path', paths: ['/healthz', '/readyz', '/metrics'] });
  }
}

/**
 * Starts the server of `listen.ops`: liveness, readiness and metrics. It holds no data of requests, so a kubelet
 * and a scraper may reach it. Rejects with the error of `listen` (a port in use …).
 */
export async function startOpsServer(options: OpsServerOptions): Promise<OpsServer> {
  const server: Server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MILLISECONDS, headersTimeout: REQUEST_TIMEOUT_MILLISECONDS },
    (request, response) => {
      answer(options, request, response).catch((fault: unknown) => {
        options.onFault(fault);
        if (!response.headersSent) sendJson(response, 500, { error: 'internal fault; see the log' });
        else response.destroy();
      });
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', options.onFault);
  const { address, port, family } = server.address() as AddressInfo;
  return {
    address: family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`,
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

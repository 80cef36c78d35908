import type { Http2SecureServer, Http2Server, ServerOptions } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/**
 * The two fields of a grpc-js server that have no public door, in one place: the options that its HTTP/2 servers are
 * made with, and those servers. `start-up-check.ts` proves the effect of what is done with them.
 */
interface ServerInternals {
  readonly commonServerOptions?: ServerOptions;
  readonly http2Servers?: ReadonlyMap<Http2Server | Http2SecureServer, unknown>;
}

const hint =
  'this version of @grpc/grpc-js is not the one that Tiergate was built with: install it with npm ci';

/** The options for HTTP/2 servers that are still to be made. @throws Error where grpc-js has changed */
export function http2Options(server: Server): ServerOptions {
  const options = (server as unknown as ServerInternals).commonServerOptions;
  if (options === undefined) throw new Error(`the gRPC server has no HTTP/2 options; ${hint}`);
  return options;
}

/** The HTTP/2 servers that are bound. @throws Error where grpc-js has changed */
export function boundHttp2Servers(server: Server): readonly (Http2Server | Http2SecureServer)[] {
  const servers = (server as unknown as ServerInternals).http2Servers;
  if (servers === undefined || servers.size === 0)
    throw new Error(`the gRPC server has no HTTP/2 servers; ${hint}`);
  return [...servers.keys()];
}

import { chmodSync } from 'node:fs';
import type { Server, ServerCredentials } from '@grpc/grpc-js';
import { serverCredentials, type TlsMaterial } from './credentials.ts';
import { prepareSocketPath } from './unix-socket.ts';

/** Where a server listens. */
export interface ListenOptions {
  /** `host:port` (port 0 takes a free one) or `unix:/path`. */
  readonly address: string;
  /** Permissions of a Unix socket, for example 0o660; undefined leaves those of the umask. */
  readonly socketMode: number | undefined;
  readonly tls: TlsMaterial | undefined;
}

/**
 * Binds a server.
 *
 * @returns the address with the port that was taken
 * @throws Error that names the address and the remedy
 */
export async function listen(server: Server, options: ListenOptions): Promise<string> {
  const { address, socketMode, tls } = options;
  const credentials = serverCredentials(tls);
  const path = address.startsWith('unix:') ? address.slice('unix:'.length) : undefined;
  if (path !== undefined) await prepareSocketPath(path);
  const port = await bind(server, address, credentials).catch((fault: Error) => {
    throw new Error(`cannot listen on ${address}: ${remedy(fault.message)}`);
  });
  if (path === undefined) return address.replace(/:\d+$/, `:${port}`);
  if (socketMode !== undefined) chmodSync(path, socketMode);
  return address;
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (fault, port) => {
      if (fault === null) resolve(port);
      else reject(fault);
    });
  });
}

/** What to do about a fault of binding. */
function remedy(message: string): string {
  const code = /\b(E[A-Z]+)\b/.exec(message)?.[1];
  switch (code) {
    case 'EADDRINUSE':
      return 'the address is in use (EADDRINUSE); stop the process that listens there or choose another port';
    case 'EACCES':
      return 'permission denied (EACCES); choose a port above 1023 or a path that this user may write';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address (EADDRNOTAVAIL); choose one of its own, or 0.0.0.0';
    default:
      return message;
  }
}

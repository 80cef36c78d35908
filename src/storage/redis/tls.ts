import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

/** The files of a TLS connection to Redis; empty for none. */
export interface RedisTlsFiles {
  /** Certificates (PEM) that sign the server's; none: those that Node brings. */
  readonly caFile: string;
  /** Our certificate chain (PEM), for a server that asks for one. */
  readonly certFile: string;
  /** Its private key (PEM). */
  readonly keyFile: string;
  /** The name that the server's certificate must carry; none: the host of the URL. */
  readonly serverName: string;
}

function readFile(key: string, file: string): Buffer | undefined {
  if (file === '') return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`cannot read store.${key} ${file} (${code}): check the path and who may read it`);
  }
}

/**
 * Reads the files of a TLS connection.
 *
 * @throws Error that names the key of the configuration at fault, never what is in the file
 */
export function readRedisTls({ caFile, certFile, keyFile, serverName }: RedisTlsFiles): ConnectionOptions {
  if ((certFile === '') !== (keyFile === '')) {
    throw new Error('store.cert_file and store.key_file belong together: set both, or neither');
  }
  return {
    minVersion: 'TLSv1.2',
    ca: readFile('ca_file', caFile),
    cert: readFile('cert_file', certFile),
    key: readFile('key_file', keyFile),
    ...(serverName === '' ? {} : { servername: serverName }),
  };
}

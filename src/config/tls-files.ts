import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Settings } from './schema.ts';

type TlsSettings = Settings['tls']['grpc'];

/** What the files of `tls.grpc` hold, in PEM; the key is decrypted. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa: Buffer | undefined;
}

function readTlsFile(key: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Error(
      `cannot read tls.grpc.${key} ${file} (${(error as NodeJS.ErrnoException).code}): check the path`,
    );
  }
}

/**
 * Reads the files of `tls.grpc`; undefined where TLS is off.
 *
 * @throws Error that names the key of the configuration at fault, never what is in the file
 */
export function readTlsFiles({ cert, key, key_passphrase, client_ca }: TlsSettings): TlsFiles | undefined {
  if (cert === '') return undefined;
  let privateKey = readTlsFile('key', key);
  if (key_passphrase !== '') {
    try {
      const pem = createPrivateKey({ key: privateKey, passphrase: key_passphrase }).export({
        type: 'pkcs8',
        format: 'pem',
      });
      privateKey = Buffer.from(pem);
    } catch {
      throw new Error('tls.grpc.key cannot be opened with tls.grpc.key_passphrase: check both');
    }
  }
  const clientCa = client_ca === '' ? undefined : readTlsFile('client_ca', client_ca);
  return { cert: readTlsFile('cert', cert), key: privateKey, clientCa };
}

import { createSecureContext } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';

/** TLS material in PEM. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** The authority that clients must have a certificate of; without one, clients need none. */
  readonly clientCa: Buffer | undefined;
}

/**
 * Credentials of a listener: plain text where there is no TLS material.
 *
 * @throws Error for material that cannot be used, without any of it
 */
export function serverCredentials(tls: TlsMaterial | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { cert, key, clientCa } = tls;
  try {
    createSecureContext(clientCa === undefined ? { cert, key } : { cert, key, ca: clientCa });
  } catch (fault) {
    const reason = fault instanceof Error ? fault.message : String(fault);
    throw new Error(
      `the files of tls.grpc cannot be used (${reason}): cert and key must be PEM of one pair, client_ca PEM`,
    );
  }
  return ServerCredentials.createSsl(
    clientCa ?? null,
    [{ cert_chain: cert, private_key: key }],
    clientCa !== undefined,
  );
}

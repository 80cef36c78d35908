import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** A certificate and its key, PEM files. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Makes certificates in one folder with OpenSSL 3; they are good for two days. */
export class CertificateFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** An authority that signs others. */
  authority(name: string): KeyPair {
    return this.#make(name, ['-addext', 'basicConstraints=critical,CA:TRUE']);
  }

  /** A certificate for a DNS name, signed by an authority. */
  signed(name: string, dnsName: string, authority: KeyPair): KeyPair {
    return this.#make(name, [
      ...['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', `subjectAltName=DNS:${dnsName}`],
      ...['-CA', authority.cert, '-CAkey', authority.key],
    ]);
  }

  #make(name: string, more: readonly string[]): KeyPair {
    const pair = { cert: join(this.#folder, `${name}.crt`), key: join(this.#folder, `${name}.key`) };
    const args = ['req', '-x509', '-nodes', '-days', '2', '-subj', `/CN=${name}`];
    args.push('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', pair.key, '-out', pair.cert);
    execFileSync('openssl', [...args, ...more], { stdio: ['ignore', 'ignore', 'pipe'] });
    return pair;
  }
}

import { afterAll, afterEach, beforeAll } from 'vitest';
import { installEnvoy } from '../../../tools/envoy/install.ts';
import { launchEnvoy, type RunningEnvoy } from '../../../tools/envoy/launch.ts';
import { PLACES, ReferenceConfig } from '../../../tools/envoy/reference.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../../../tools/envoy/temporary-folder.ts';
import { type RunningTiergate, startTiergate } from '../../../tools/envoy/tiergate.ts';
import { CertificateFolder, type KeyPair } from './certificates.ts';
import { type ModelProvider, startModelProvider } from './sdk-provider.ts';

/** Models for which a fast tier is blocked; for all others it is filtered. */
export const BLOCKED = { text: 'gpt-5.6-sol', voice: 'gpt-realtime-mini' } as const;
export const ALLOWED = { text: 'gpt-5.5', voice: 'gpt-realtime' } as const;

/** What a refused client is to be told. */
export const MESSAGE = 'Fast mode is not part of your plan: ask platform@example.test.';

const POLICY = {
  rules: [
    {
      name: 'fast-mode',
      service_tier: 'priority',
      action: 'block',
      scope: 'all',
      model_whitelist: Object.values(BLOCKED),
      error_message: MESSAGE,
      fallback_action: 'filter',
    },
  ],
};

/** A model provider, a Tiergate, and an Envoy with the shipped configuration, connected to each other. */
export interface ModelStack {
  readonly provider: ModelProvider;
  readonly tiergate: RunningTiergate;
  readonly envoy: RunningEnvoy;
  /** The port for clients. */
  readonly port: number;
  /** With TLS: the authority that clients have to trust, a PEM file. */
  readonly authority: string;
}

export interface ModelStackOptions {
  /** Clients use TLS, and the name `localhost`. */
  readonly tls?: boolean;
}

/** The same as a comment of `envoy.yaml` tells to put in front of clients. */
function transportSocket({ cert, key }: KeyPair): unknown {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: {
        alpn_protocols: ['h2', 'http/1.1'],
        tls_certificates: [{ certificate_chain: { filename: cert }, private_key: { filename: key } }],
      },
    },
  };
}

/**
 * One stack for all tests of a file. Where a test fails, the ends of all logs are printed.
 *
 * @returns a function that gives the running stack, for use inside tests
 */
export function useModelStack({ tls = false }: ModelStackOptions = {}): () => ModelStack {
  const stops: (() => Promise<unknown>)[] = [];
  let stack: ModelStack | undefined;
  beforeAll(async () => {
    const provider = await startModelProvider();
    stops.unshift(() => provider.stop());
    const tiergate = await startTiergate({ policy: POLICY, config: { http: { block_status: 400 } } });
    stops.unshift(() => tiergate.stop());
    const config = new ReferenceConfig().connect(tiergate.grpc, { port: provider.port });
    let authority = '';
    if (tls) {
      const folder = await makeTemporaryFolder();
      stops.unshift(() => removeTemporaryFolder(folder));
      const certificates = new CertificateFolder(folder);
      const signer = certificates.authority('authority');
      authority = signer.cert;
      const socket = transportSocket(certificates.signed('envoy', 'localhost', signer));
      config.add([...PLACES.listener, 'filter_chains', 0, 'transport_socket'], socket);
    }
    const envoy = await launchEnvoy({ binary: await installEnvoy(), config: config.toString() });
    stops.unshift(() => envoy.stop());
    stack = { provider, tiergate, envoy, port: envoy.port('llm'), authority };
  });
  afterEach((context) => {
    if (context.task.result?.state !== 'fail') return;
    for (const part of [stack?.tiergate, stack?.envoy]) console.error(part?.process.tail(15));
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
  });
  return () => {
    if (stack === undefined) throw new Error('the stack is not running');
    return stack;
  };
}

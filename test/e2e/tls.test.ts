import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { RunningEnvoy } from '../../tools/envoy/launch.ts';
import { PLACES, type ReferenceConfig } from '../../tools/envoy/reference.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../../tools/envoy/temporary-folder.ts';
import { type RunningTiergate, startTiergate } from '../../tools/envoy/tiergate.ts';
import { CertificateFolder, type KeyPair } from './support/certificates.ts';
import { expectGatewayError, expectHealthyExtProc } from './support/expect.ts';
import { type MockProvider, startProvider } from './support/provider.ts';
import { send } from './support/send.ts';
import { startEnvoy } from './support/stack.ts';

const BODY = '{"model":"gpt-5.5","service_tier":"priority","input":"hi"}';
const FILTERED = '{"model":"gpt-5.5","input":"hi"}';

/** What the documentation tells to put into the cluster of `envoy.yaml`. */
const DOCUMENTED = documentedTransportSocket();
const SERVER_NAME = 'tiergate.internal';

function documentedTransportSocket(): string {
  const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
  const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((block) => block[1] ?? '');
  const found = blocks.find((text) => text.includes('UpstreamTlsContext'));
  if (found === undefined) throw new Error('docs/configuration.md shows no UpstreamTlsContext');
  return found;
}

/** The documented block with files of this test in place of those that it names. */
function transportSocket(client: KeyPair, authority: KeyPair, name = SERVER_NAME): Record<string, unknown> {
  expect(DOCUMENTED).toContain(`exact: ${SERVER_NAME}`);
  const text = DOCUMENTED.replace('/etc/envoy/tls.crt', client.cert)
    .replace('/etc/envoy/tls.key', client.key)
    .replace('/etc/envoy/tiergate-ca.crt', authority.cert)
    .replace(`exact: ${SERVER_NAME}`, `exact: ${name}`);
  expect(text).not.toContain('/etc/');
  const { transport_socket: socket } = parse(text) as { transport_socket: Record<string, unknown> };
  return socket;
}

/** The same without a client certificate. */
function withoutCertificate(socket: Record<string, unknown>): Record<string, unknown> {
  const copy = structuredClone(socket) as {
    typed_config: { common_tls_context: { tls_certificates?: unknown } };
  };
  expect(copy.typed_config.common_tls_context.tls_certificates).toBeDefined();
  delete copy.typed_config.common_tls_context.tls_certificates;
  return copy;
}

describe('TLS with client certificates between Envoy and Tiergate', () => {
  let folder = '';
  let provider: MockProvider;
  let tiergate: RunningTiergate;
  let authority: KeyPair;
  let envoyPair: KeyPair;
  let strangerPair: KeyPair;
  let otherAuthority: KeyPair;

  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    const certificates = new CertificateFolder(folder);
    authority = certificates.authority('authority');
    otherAuthority = certificates.authority('other-authority');
    envoyPair = certificates.signed('envoy', 'envoy.internal', authority);
    strangerPair = certificates.signed('stranger', 'envoy.internal', otherAuthority);
    const { cert, key } = certificates.signed('tiergate', SERVER_NAME, authority);
    provider = await startProvider();
    tiergate = await startTiergate({ config: { tls: { grpc: { cert, key, client_ca: authority.cert } } } });
  });
  afterAll(async () => {
    await tiergate?.stop();
    await provider?.stop();
    await removeTemporaryFolder(folder);
  });

  /** Starts an Envoy, edited, and runs a test against it. */
  async function withEnvoy(
    edit: (config: ReferenceConfig) => void,
    test: (envoy: RunningEnvoy) => Promise<void>,
  ): Promise<void> {
    const envoy = await startEnvoy({ edit }, tiergate, provider);
    try {
      await test(envoy);
    } finally {
      await envoy.stop();
    }
  }

  function asDocumented(config: ReferenceConfig): void {
    config.add([...PLACES.tiergate, 'transport_socket'], transportSocket(envoyPair, authority));
  }

  it('serves an Envoy with a certificate of the authority', async () => {
    await withEnvoy(asDocumented, async (envoy) => {
      const sent = await send(envoy.port('llm'), { body: BODY });
      expect([sent.status, sent.body.toString()]).toEqual([200, expect.not.stringContaining('error')]);
      expect((await provider.request(sent.name)).body.toString()).toBe(FILTERED);
      const handshakes = await envoy.stats('cluster.tiergate.ssl.handshake');
      expect(handshakes.get('cluster.tiergate.ssl.handshake')).toBeGreaterThan(0);
      await expectHealthyExtProc(envoy);
    });
  });

  // Each of these with the health checks of the shipped file, which find it out first, and without them, so that the
  // request itself meets the handshake.
  describe.each([true, false])('fails closed, health checks: %s', (checks) => {
    async function expectFailsClosed(socket: Record<string, unknown> | undefined): Promise<void> {
      const edit = (config: ReferenceConfig): void => {
        if (socket !== undefined) config.add([...PLACES.tiergate, 'transport_socket'], socket);
        if (!checks) config.remove([...PLACES.tiergate, 'health_checks']);
      };
      await withEnvoy(edit, async (envoy) => {
        for (const path of ['/v1/responses', '/v1/files']) {
          const sent = await send(envoy.port('llm'), { path, body: BODY });
          expectGatewayError(sent, 503, 'policy_unavailable');
          expect(provider.contacts(sent.name)).toBe(0);
        }
        expect((await envoy.extProcStats()).get('failure_mode_allowed') ?? 0).toBe(0);
        const connections = await envoy.stats('cluster.tiergate.upstream_cx_total');
        expect(connections.get('cluster.tiergate.upstream_cx_total') === 0).toBe(checks);
      });
    }

    it('for an Envoy without a certificate', async () => {
      await expectFailsClosed(withoutCertificate(transportSocket(envoyPair, authority)));
    });

    it('for an Envoy with a certificate of another authority', async () => {
      await expectFailsClosed(transportSocket(strangerPair, authority));
    });

    it('for an Envoy without TLS', async () => {
      await expectFailsClosed(undefined);
    });

    it('for an Envoy that does not trust the authority of Tiergate', async () => {
      await expectFailsClosed(transportSocket(envoyPair, otherAuthority));
    });

    it('for an Envoy that looks for another name than that of Tiergate', async () => {
      await expectFailsClosed(transportSocket(envoyPair, authority, 'other.internal'));
    });
  });

  it('goes on serving behind all of them', async () => {
    expect(tiergate.process.running).toBe(true);
    await withEnvoy(asDocumented, async (envoy) => {
      expect((await send(envoy.port('llm'), { body: BODY })).status).toBe(200);
    });
  });
});

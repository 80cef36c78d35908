import { join, resolve } from 'node:path';
import { GenericContainer, type StartedNetwork, Wait } from 'testcontainers';
import { GRPC_PORT } from '../../../src/testcontainers/index.ts';
import { IMAGES } from '../../../tools/containers/images.ts';
import { PLACES, ReferenceConfig } from '../../../tools/envoy/reference.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** Ports inside the containers. */
export const PORTS = { client: 10_000, admin: 9_901, provider: 8_000, redis: 6_379 } as const;

/** The names by which containers of one network find each other. */
export const ALIAS = { tiergate: 'tiergate', provider: 'provider', redis: 'redis' } as const;

const ENDPOINT = ['load_assignment', 'endpoints', 0, 'lb_endpoints', 0, 'endpoint', 'address'] as const;

/** The shipped envoy.yaml, with the names and addresses of the containers. */
function envoyConfig(): string {
  const config = new ReferenceConfig();
  const everywhere = (path: readonly (string | number)[], port: number): void => {
    config.set([...path, 'address', 'socket_address'], { address: '0.0.0.0', port_value: port });
  };
  everywhere(PLACES.listener, PORTS.client);
  everywhere(['admin'], PORTS.admin);
  for (const [place, address, port] of [
    [PLACES.tiergate, ALIAS.tiergate, GRPC_PORT],
    [PLACES.provider, ALIAS.provider, PORTS.provider],
  ] as const) {
    config.set([...place, ...ENDPOINT], { socket_address: { address, port_value: port } });
  }
  // Names of containers are found by DNS; one that several have is as many endpoints.
  for (const place of [PLACES.tiergate, PLACES.tiergateSockets]) config.set([...place, 'type'], 'STRICT_DNS');
  return config.toString();
}

/** The model provider, `provider.ts` on the public image of Node. */
export function providerContainer(network: StartedNetwork): GenericContainer {
  const folder = '/provider';
  return new GenericContainer(IMAGES.build)
    .withNetwork(network)
    .withNetworkAliases(ALIAS.provider)
    .withCopyFilesToContainer([
      { source: join(import.meta.dirname, 'provider.ts'), target: `${folder}/provider.ts` },
    ])
    .withCopyContentToContainer([{ content: '{"type":"module"}', target: `${folder}/package.json` }])
    .withCopyDirectoriesToContainer([
      { source: join(ROOT, 'node_modules/ws'), target: `${folder}/node_modules/ws` },
    ])
    .withCommand(['node', `${folder}/provider.ts`])
    .withExposedPorts(PORTS.provider)
    .withWaitStrategy(
      Wait.forHttp('/seen/nothing', PORTS.provider, { abortOnContainerExit: true }).withReadTimeout(500),
    );
}

/** Envoy with the shipped configuration. */
export function envoyContainer(network: StartedNetwork): GenericContainer {
  const file = '/etc/envoy/envoy.yaml';
  return new GenericContainer(IMAGES.envoy)
    .withNetwork(network)
    .withCopyContentToContainer([{ content: envoyConfig(), target: file, mode: 0o644 }])
    .withCommand(['--config-path', file, '--concurrency', '1', '--log-level', 'warning'])
    .withExposedPorts(PORTS.client, PORTS.admin)
    .withWaitStrategy(
      Wait.forHttp('/ready', PORTS.admin, { abortOnContainerExit: true }).withReadTimeout(500),
    );
}

/** Redis as its image has it. */
export function redisContainer(network: StartedNetwork): GenericContainer {
  return new GenericContainer(IMAGES.redis)
    .withNetwork(network)
    .withNetworkAliases(ALIAS.redis)
    .withExposedPorts(PORTS.redis)
    .withWaitStrategy(Wait.forLogMessage('Ready to accept connections'));
}

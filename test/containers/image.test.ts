import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  GenericContainer,
  getContainerRuntimeClient,
  ImageName,
  type StartedTestContainer,
  Wait,
} from 'testcontainers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEnvoyDouble } from '../../src/testkit/index.ts';
import { IMAGES } from '../../tools/containers/images.ts';
import { TIERGATE_IMAGE } from './support/build-image.ts';
import { HardenedContainer, untilLine } from './support/plain-container.ts';
import { POLICY } from './support/policy.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MEBIBYTE = 1_048_576;
const ASK = { path: '/v1/responses', headers: { 'content-type': 'application/json' } };

async function inspectImage(name: string) {
  return (await getContainerRuntimeClient()).image.inspect(ImageName.fromString(name));
}

/** The engine's handle of a container. */
async function handleOf(container: StartedTestContainer) {
  return (await getContainerRuntimeClient()).container.getById(container.getId());
}

describe('the image', () => {
  it('names itself, its user, its ports and the version of the package', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    const { Config } = await inspectImage(TIERGATE_IMAGE);
    expect(Config.User).toBe('65532:65532');
    expect(Object.keys(Config.ExposedPorts)).toEqual(['50051/tcp', '9090/tcp']);
    expect(Config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'Tiergate',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': version,
    });
  });

  it('is small: what is laid over the base', async () => {
    const [image, base] = await Promise.all([TIERGATE_IMAGE, IMAGES.runtime].map(inspectImage));
    const [whole, own] = [image?.Size ?? 0, (image?.Size ?? 0) - (base?.Size ?? 0)];
    const text = [whole, own].map((bytes) => `${(bytes / MEBIBYTE).toFixed(1)} MiB`);
    console.info(`${TIERGATE_IMAGE}: ${text[0]}, of that over the base: ${text[1]}`);
    expect(own).toBeGreaterThan(0);
    expect(own).toBeLessThan(30 * MEBIBYTE);
  });

  it('is built on the bases that the tests know', async () => {
    const dockerfile = await readFile(join(ROOT, 'deploy/Dockerfile'), 'utf8');
    expect(dockerfile).toContain(`ARG BUILD_IMAGE=${IMAGES.build}\n`);
    expect(dockerfile).toContain(`ARG RUNTIME_IMAGE=${IMAGES.runtime}\n`);
  });

  it('brings a configuration without faults, which the command line in it checks', async () => {
    const container = await new GenericContainer(TIERGATE_IMAGE)
      .withCommand(['check', 'tiergate.yaml'])
      .withWaitStrategy(Wait.forOneShotStartup())
      .start();
    expect(await (await handleOf(container)).wait()).toMatchObject({ StatusCode: 0 });
    await container.stop();
  });
});

describe('a container with a read-only root and no capability', () => {
  let folder = '';
  let container: StartedTestContainer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiergate-image-'));
    // The container's user is another one.
    await chmod(folder, 0o755);
    await writeFile(
      join(folder, 'tiergate.yaml'),
      'listen: { grpc: "0.0.0.0:50051", ops: "0.0.0.0:9090" }\n',
    );
    await writeFile(join(folder, 'policy.json'), JSON.stringify(POLICY));
    container = await new HardenedContainer()
      .withBindMounts([{ source: folder, target: '/etc/tiergate', mode: 'ro' }])
      .withEnvironment({ TIERGATE_STRICTNESS: 'strict', TIERGATE_LIMITS_DRAIN_GRACE: '10ms' })
      .start();
  });
  afterAll(async () => {
    await container.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function openEnvoy() {
    const server = `${container.getHost()}:${container.getMappedPort(50_051)}`;
    return createEnvoyDouble({ server, requestBody: 'FULL_DUPLEX_STREAMED' });
  }

  it('serves by the configuration and the policy that are mounted, and by the environment', async () => {
    const envoy = openEnvoy();
    const filtered = await envoy.exchange({ ...ASK, body: '{"model":"m","service_tier":"priority"}' });
    expect(filtered.upstream.text).toBe('{"model":"m"}');
    const odd = await envoy.exchange({ ...ASK, body: '{"model":"m","service_tier":"turbo"}' });
    expect([odd.client.status, odd.client.text]).toEqual([400, expect.stringContaining('unknown_tier')]);
    envoy.close();
  });

  it('runs as nobody that it could be outside', async () => {
    const code = 'console.log(process.getuid(), process.getgid(), process.pid !== 1)';
    expect((await container.exec(['/nodejs/bin/node', '--eval', code])).stdout.trim()).toBe(
      '65532 65532 true',
    );
  });

  it('has no shell', async () => {
    for (const shell of ['sh', '/bin/sh', 'bash', '/busybox/sh']) {
      const { exitCode, output } = await container.exec([shell, '-c', 'exit 0']);
      expect([shell, exitCode === 0, output]).toEqual([
        shell,
        false,
        expect.stringMatching(/no such file|not found/),
      ]);
    }
  });

  it('is healthy, as its own probe tells', async () => {
    const { Config } = await inspectImage(TIERGATE_IMAGE);
    const [kind, ...probe] = (Config.Healthcheck?.Test ?? []) as string[];
    expect(kind).toBe('CMD');
    expect((await container.exec(probe)).exitCode).toBe(0);
    const elsewhere = probe.map((word) => word.replace('9090', '9099'));
    expect((await container.exec(elsewhere)).exitCode).toBe(1);
  });

  it('lets what runs end when it is told to stop', async () => {
    const envoy = openEnvoy();
    const session = envoy.open(ASK);
    session.sendClientBytes('{"model":"m",');
    const handle = await handleOf(container);
    const ended = handle.wait() as Promise<{ StatusCode: number }>;
    await handle.kill({ signal: 'SIGTERM' });
    await untilLine(container, 'SIGTERM: draining');
    session.sendClientBytes('"service_tier":"ultrafast"}', true);
    const { client } = await session.closed;
    expect([client.status, client.origin]).toEqual([403, 'server']);
    envoy.close();
    expect(await ended).toMatchObject({ StatusCode: 0 });
  });
});

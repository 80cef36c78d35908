import { resolve } from 'node:path';
import { GenericContainer, getContainerRuntimeClient } from 'testcontainers';

const ROOT = resolve(import.meta.dirname, '../../..');

/** The image that all tests of this folder run; it stays for the next run, which finds most layers done. */
export const TIERGATE_IMAGE = 'tiergate:test';

const REMEDY =
  'Start a container engine, or set DOCKER_HOST; where there is none:  node tools/containers/prepare.ts npm run test:containers';

/** testcontainers keeps what the build says to itself. */
const WHY = 'DEBUG=testcontainers:build shows what it said; so does:  docker build -f deploy/Dockerfile .';

/** Builds the image from `deploy/Dockerfile`, once for a run. */
export default async function buildImage(): Promise<void> {
  await getContainerRuntimeClient().catch((cause: unknown) => {
    throw new Error(`no container engine answers. ${REMEDY}`, { cause });
  });
  const started = performance.now();
  await GenericContainer.fromDockerfile(ROOT, 'deploy/Dockerfile')
    .build(TIERGATE_IMAGE, { deleteOnExit: false })
    .catch((cause: unknown) => {
      throw new Error(`deploy/Dockerfile cannot be built. ${WHY}`, { cause });
    });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.info(`${TIERGATE_IMAGE} built from deploy/Dockerfile in ${seconds} s`);
}

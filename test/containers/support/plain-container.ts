import { createInterface } from 'node:readline';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { OPS_PORT } from '../../../src/testcontainers/index.ts';
import { waitFor } from '../../../tools/envoy/wait-for.ts';
import { TIERGATE_IMAGE } from './build-image.ts';

/** The image as it is, with as little as an operator can give it: no capability, and a root that is read-only. */
export class HardenedContainer extends GenericContainer {
  constructor() {
    super(TIERGATE_IMAGE);
    this.hostConfig.ReadonlyRootfs = true;
    this.withDroppedCapabilities('ALL').withSecurityOpt('no-new-privileges');
    this.withExposedPorts(50_051, OPS_PORT);
    const ready = Wait.forHttp('/readyz', OPS_PORT, { abortOnContainerExit: true });
    this.withWaitStrategy(ready.withReadTimeout(500));
  }
}

/** Waits for a line of a container's output. */
export async function untilLine(container: StartedTestContainer, text: string): Promise<void> {
  const log = await container.logs();
  const lines: string[] = [];
  createInterface({ input: log }).on('line', (line) => lines.push(line));
  try {
    await waitFor(`the line ${text}`, () => (lines.some((line) => line.includes(text)) ? true : undefined));
  } finally {
    log.destroy();
  }
}

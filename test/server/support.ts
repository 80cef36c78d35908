import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { onTestFinished } from 'vitest';
import { loadConfiguration } from '../../src/config/load.ts';
import { startServer, type TiergateServer } from '../../src/server.ts';
import { formatFaults } from '../../src/storage/faults.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

/** A server in a directory of its own, and what it logged. */
export interface TestServer extends TiergateServer {
  readonly directory: string;
  readonly log: Record<string, unknown>[];
}

/** An empty directory that goes with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(`${tmpdir()}/tiergate-server-`);
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts a server on free ports of the loopback interface; it is closed with the test. */
export async function startTestServer(
  environment: Record<string, string> = {},
  directory = temporaryDirectory(),
): Promise<TestServer> {
  const log: Record<string, unknown>[] = [];
  const { logger } = createLogger('debug', { write: (line) => log.push(JSON.parse(line)) });
  const loaded = loadConfiguration({
    workingDirectory: directory,
    environment: {
      TIERGATE_LISTEN_GRPC: '127.0.0.1:0',
      TIERGATE_LISTEN_OPS: '127.0.0.1:0',
      TIERGATE_LIMITS_DRAIN_GRACE: '0s',
      ...environment,
    },
  });
  if (!loaded.ok) throw new Error(formatFaults(loaded.faults));
  const server = await startServer(loaded.configuration, { logger, processMetrics: false });
  onTestFinished(() => server.close());
  return Object.assign(server, { directory, log });
}

import { join } from 'node:path';
import { startProcess } from '../../tools/envoy/start-process.ts';
import { portOf } from './servers.ts';

/** Starts `bench/servers/upstream.ts`: reads each body and answers a few bytes, in a process of its own. */
export async function startUpstream(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const child = await startProcess({
    name: 'upstream',
    command: process.execPath,
    args: [join(import.meta.dirname, '../servers/upstream.ts')],
  });
  const port = await portOf(child);
  return {
    port,
    async stop() {
      await child.stop();
    },
  };
}

import { join } from 'node:path';
import { startProcess } from '../../tools/envoy/start-process.ts';
import { portOf } from './servers.ts';

/** A provider of the benches in a process of its own. */
export interface Upstream {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts `bench/servers/upstream.ts`: reads each body and answers a few bytes. */
export function startUpstream(): Promise<Upstream> {
  return start('upstream');
}

/** Starts `bench/servers/socket-provider.ts`: answers each message of a WebSocket with a short one. */
export function startSocketUpstream(): Promise<Upstream> {
  return start('socket-provider');
}

async function start(name: string): Promise<Upstream> {
  const child = await startProcess({
    name,
    command: process.execPath,
    args: [join(import.meta.dirname, `../servers/${name}.ts`)],
  });
  const port = await portOf(child);
  return {
    port,
    async stop() {
      await child.stop();
    },
  };
}

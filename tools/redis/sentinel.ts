import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../envoy/free-port.ts';
import { startProcess } from '../envoy/start-process.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../envoy/temporary-folder.ts';
import { waitFor } from '../envoy/wait-for.ts';
import { redisCommand } from './command.ts';
import { launchRedis, type RunningRedis } from './launch.ts';

/** The name of the master. */
export const SENTINEL_MASTER = 'tiergate-test';

/** A master, its replica and one sentinel that watches them, on loopback. */
export interface RunningSentinel {
  readonly port: number;
  readonly master: RunningRedis;
  readonly replica: RunningRedis;
  /** Makes the replica the master, and waits until the sentinel says so. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a master with one replica and a sentinel, and waits until the sentinel knows all of them. */
export async function launchRedisSentinel(binary: string): Promise<RunningSentinel> {
  const folder = await makeTemporaryFolder();
  const master = await launchRedis({ binary });
  const replica = await launchRedis({ binary, args: ['--replicaof', '127.0.0.1', String(master.port)] });
  const port = await freePort();
  const file = join(folder, 'sentinel.conf');
  const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`];
  lines.push(`sentinel monitor ${SENTINEL_MASTER} 127.0.0.1 ${master.port} 1`);
  lines.push(`sentinel down-after-milliseconds ${SENTINEL_MASTER} 1000`);
  lines.push(`sentinel failover-timeout ${SENTINEL_MASTER} 5000`);
  await writeFile(file, `${lines.join('\n')}\n`);
  const sentinel = await startProcess({ name: 'sentinel', command: binary, args: [file, '--sentinel'] });
  const stop = async (): Promise<void> => {
    sentinel.signal('SIGKILL');
    await Promise.all([sentinel.ended, master.stop(), replica.stop()]);
    await removeTemporaryFolder(folder);
  };
  const masterPort = async (): Promise<number> => {
    const answer = await redisCommand(port, 'sentinel', 'get-master-addr-by-name', SENTINEL_MASTER);
    return Array.isArray(answer) ? Number(answer[1]) : 0;
  };
  try {
    await waitFor(
      'the sentinel to know the replica',
      async () => {
        const known = await redisCommand(port, 'sentinel', 'replicas', SENTINEL_MASTER);
        const isLinked = JSON.stringify(known).includes('"master-link-status","ok"');
        return isLinked ? true : undefined;
      },
      60_000,
    );
  } catch (error) {
    await stop();
    throw new Error(`the sentinel did not start\n${sentinel.tail()}`, { cause: error });
  }
  return {
    port,
    master,
    replica,
    async failOver() {
      await redisCommand(port, 'sentinel', 'failover', SENTINEL_MASTER);
      await waitFor(
        'another master',
        async () => ((await masterPort()) === replica.port ? true : undefined),
        60_000,
      );
    },
    stop,
  };
}

import { waitFor } from '../envoy/wait-for.ts';
import { redisCommand } from './command.ts';
import { launchRedis, type RunningRedis } from './launch.ts';

/** Slots of every Redis Cluster (cluster specification). */
const SLOTS = 16_384;

/** A Redis Cluster of masters without replicas, on loopback. */
export interface RunningRedisCluster {
  readonly nodes: readonly RunningRedis[];
  stop(): Promise<void>;
}

/** Starts a Redis Cluster of three masters, which share the slots evenly, and waits until each says that it is complete. */
export async function launchRedisCluster(binary: string): Promise<RunningRedisCluster> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
  const nodes: RunningRedis[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    for (let index = 0; index < 3; index += 1) nodes.push(await launchRedis({ binary, args }));
    const share = Math.ceil(SLOTS / nodes.length);
    for (const [index, { port }] of nodes.entries()) {
      const last = Math.min((index + 1) * share, SLOTS) - 1;
      await redisCommand(port, 'cluster', 'addslotsrange', String(index * share), String(last));
      for (const other of nodes) await redisCommand(port, 'cluster', 'meet', '127.0.0.1', String(other.port));
    }
    for (const { port } of nodes)
      await waitFor('a complete cluster', () => isComplete(port, nodes.length), 30_000);
    return { nodes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function isComplete(port: number, nodes: number): Promise<true | undefined> {
  const info = String(await redisCommand(port, 'cluster', 'info'));
  const known = info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes}`);
  return known && info.includes(`cluster_size:${nodes}`) ? true : undefined;
}

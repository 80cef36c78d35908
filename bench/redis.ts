import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { findRedisServer } from '../tools/redis/find.ts';
import { launchRedis, type RunningRedis } from '../tools/redis/launch.ts';
import { type Round, SOCKETS, takeTurns } from './socket-turns.ts';
import { interleave } from './support/interleave.ts';
import { residentBytes } from './support/process-usage.ts';
import { type BenchServer, startTiergate } from './support/servers.ts';
import { type SocketStream, SocketStreams, turnMessage } from './support/socket-streams.ts';
import { spreadOf, spreadText } from './support/statistics.ts';
import type { BenchTable } from './support/table.ts';

const ROUNDS = 5;
const TURNS = 16_000;
const TURN_BYTES = 4096;
const MANY_SOCKETS = 10_000;
const AT_ONCE = 50;
const KILOBYTE = 1000;
/** What is written behind the messages has left by then, and the engine has given memory back. */
const SETTLE_MILLISECONDS = 10_000;

/** Redis beside Tiergate: what it costs a turn, also when it is gone, and what open sockets cost it. */
export async function runRedisBench(): Promise<BenchTable[]> {
  const binary = findRedisServer();
  if (binary === undefined) {
    process.stderr.write(
      'without Redis: no redis-server or valkey-server on PATH (REDIS_SERVER names one)\n',
    );
    return [];
  }
  return [await measureTurns(binary), await measureSockets(binary)];
}

function store(redis: RunningRedis): Readonly<Record<string, unknown>> {
  return { store: `redis://127.0.0.1:${redis.port}` };
}

async function measureTurns(binary: string): Promise<BenchTable> {
  const redis = await launchRedis({ binary });
  const lost = await launchRedis({ binary });
  const servers = [
    await startTiergate('memory'),
    await startTiergate('Redis', store(redis)),
    await startTiergate('Redis gone', store(lost)),
  ] as const;
  const connections = new Map<BenchServer, SocketStreams>();
  try {
    await lost.kill();
    const sockets = new Map<BenchServer, SocketStream[]>();
    for (const server of servers) {
      const streams = new SocketStreams(server.port);
      connections.set(server, streams);
      sockets.set(server, await Promise.all(Array.from({ length: SOCKETS }, () => streams.open())));
    }
    const message = turnMessage(TURN_BYTES, 'flex');
    const take = (server: BenchServer, turns: number) =>
      takeTurns(server, sockets.get(server) ?? [], message, turns);
    for (const server of servers) await take(server, TURNS / 2);
    const rounds = await interleave(servers, ROUNDS, (server) => take(server, TURNS));
    const cpu = (server: BenchServer) =>
      spreadOf((rounds.get(server) ?? []).map((round: Round) => round.cpu));
    const base = cpu(servers[0]).median;
    return {
      title: 'A turn of 4 KB with memory, with Redis and with Redis gone',
      note: `${SOCKETS} sockets, ${ROUNDS} interleaved rounds; processor time of Tiergate, µs a turn, min/med/max. With Redis every decision goes to the stream.`,
      columns: ['store', 'µs', 'ratio'],
      rows: servers.map((server) => [
        server.name,
        spreadText(cpu(server), 0),
        (cpu(server).median / base).toFixed(2),
      ]),
    };
  } finally {
    for (const streams of connections.values()) streams.close();
    for (const server of servers) await server.stop();
    await redis.stop();
    await lost.stop();
  }
}

/** Number behind a name in an answer of INFO. */
function info(text: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
}

async function measureSockets(binary: string): Promise<BenchTable> {
  const redis = await launchRedis({ binary });
  const server = await startTiergate('Tiergate', { ...store(redis), decisions: { stream: false } });
  const client = new Redis({ port: redis.port, host: '127.0.0.1' });
  const streams = new SocketStreams(server.port);
  try {
    await delay(SETTLE_MILLISECONDS);
    const counts = async () => {
      const [memory, stats] = await Promise.all([client.info('memory'), client.info('stats')]);
      return {
        redis: info(memory, 'used_memory'),
        commands: info(stats, 'total_commands_processed'),
        resident: residentBytes(server.pid),
      };
    };
    const before = await counts();
    const turn = turnMessage(300, 'flex');
    let left = MANY_SOCKETS;
    const worker = async () => {
      while (left > 0) {
        left -= 1;
        const socket = await streams.open();
        await socket.send(turn);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await delay(SETTLE_MILLISECONDS);
    const after = await counts();
    const each = (member: keyof typeof before) => (after[member] - before[member]) / MANY_SOCKETS;
    return {
      title: `${MANY_SOCKETS} open sockets with one turn each, and Redis`,
      note: 'Commands include the heart-beats of the time that it took, and the transport of all.',
      columns: ['what', 'for each socket'],
      rows: [
        ['memory of Redis', `${each('redis').toFixed(0)} B`],
        ['commands', each('commands').toFixed(2)],
        ['resident memory of Tiergate', `${(each('resident') / KILOBYTE).toFixed(1)} kB`],
      ],
    };
  } finally {
    streams.close();
    client.disconnect();
    await server.stop();
    await redis.stop();
  }
}

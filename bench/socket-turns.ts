import { interleave } from './support/interleave.ts';
import { processorSeconds } from './support/process-usage.ts';
import { type BenchServer, startBare, startTiergate } from './support/servers.ts';
import { type SocketStream, SocketStreams, turnMessage } from './support/socket-streams.ts';
import { spreadOf, spreadText } from './support/statistics.ts';
import type { BenchTable } from './support/table.ts';

interface Case {
  readonly label: string;
  readonly bytes: number;
  readonly tier: string;
  readonly turns: number;
}

/** The tier that the policy of the bench takes away. */
const FILTERED = 'priority';

const CASES: readonly Case[] = [
  { label: '300 B, passes', bytes: 300, tier: 'flex', turns: 20_000 },
  { label: '300 B, filtered', bytes: 300, tier: FILTERED, turns: 20_000 },
  { label: '4 KB, passes', bytes: 4096, tier: 'flex', turns: 16_000 },
  { label: '4 KB, filtered', bytes: 4096, tier: FILTERED, turns: 16_000 },
  { label: '44 KB, passes', bytes: 44 * 1024, tier: 'flex', turns: 5_000 },
  { label: '44 KB, filtered', bytes: 44 * 1024, tier: FILTERED, turns: 5_000 },
];

const ROUNDS = 5;
/** Sockets with one turn in flight each. */
export const SOCKETS = 16;

/** What one round measured. */
export interface Round {
  /** Processor time of the server, µs a turn. */
  readonly cpu: number;
  /** Turns a second. */
  readonly rate: number;
}

/** Sends turns on sockets that are open already, each as soon as its last one was answered. */
export async function takeTurns(
  server: BenchServer,
  sockets: readonly SocketStream[],
  message: Buffer,
  turns: number,
): Promise<Round> {
  let left = turns;
  const worker = async (socket: SocketStream) => {
    while (left > 0) {
      left -= 1;
      await socket.send(message);
    }
  };
  const cpu = processorSeconds(server.pid);
  const started = performance.now();
  await Promise.all(sockets.map(worker));
  const seconds = (performance.now() - started) / 1000;
  return { cpu: ((processorSeconds(server.pid) - cpu) / turns) * 1e6, rate: turns / seconds };
}

/** @throws Error where a turn does not come back as its case says, so that the two servers do the same work */
async function checkReply(server: BenchServer, socket: SocketStream, { label, bytes, tier }: Case) {
  const before = socket.received;
  await socket.send(turnMessage(bytes, tier));
  const carriesBody = socket.received - before >= bytes;
  if (bytes > 1024 && carriesBody !== (tier === FILTERED)) {
    throw new Error(`${server.name} answered ${socket.received - before} bytes to ${label}`);
  }
}

/** Processor time of the server for one turn on a long-lived socket, against the bare server, rounds interleaved. */
export async function runSocketTurns(): Promise<BenchTable> {
  const goesOn = await startBare();
  const echoes = await startBare(true);
  const tiergate = await startTiergate();
  const connections: SocketStreams[] = [];
  try {
    const sockets = new Map<BenchServer, SocketStream[]>();
    for (const server of [goesOn, echoes, tiergate]) {
      const streams = new SocketStreams(server.port);
      connections.push(streams);
      sockets.set(server, await Promise.all(Array.from({ length: SOCKETS }, () => streams.open())));
    }
    const rows: string[][] = [];
    for (const one of CASES) {
      // Where Tiergate sends the message back, so does the yardstick.
      const bare = one.tier === FILTERED ? echoes : goesOn;
      const message = turnMessage(one.bytes, one.tier);
      const take = (server: BenchServer, turns: number) =>
        takeTurns(server, sockets.get(server) ?? [], message, turns);
      for (const server of [bare, tiergate]) {
        for (const socket of sockets.get(server) ?? []) await checkReply(server, socket, one);
        await take(server, Math.ceil(one.turns / 2));
      }
      const rounds = await interleave([bare, tiergate], ROUNDS, (server) => take(server, one.turns));
      const spread = (server: BenchServer, member: keyof Round) =>
        spreadOf((rounds.get(server) ?? []).map((round) => round[member]));
      const [yardstick, ours] = [spread(bare, 'cpu'), spread(tiergate, 'cpu')];
      rows.push([
        one.label,
        spreadText(yardstick, 0),
        spreadText(ours, 0),
        (ours.median / yardstick.median).toFixed(2),
        spread(bare, 'rate').median.toFixed(0),
        spread(tiergate, 'rate').median.toFixed(0),
      ]);
    }
    return {
      title: 'Turns on open sockets, against a bare grpc-js server',
      note: `Straight over loopback, ${SOCKETS} sockets, one turn in flight on each, ${ROUNDS} interleaved rounds; processor time of the server process, µs a turn, min/med/max. Where Tiergate sends the message back, the bare server echoes it.`,
      columns: ['turn', 'bare µs', 'Tiergate µs', 'ratio', 'bare turns/s', 'Tiergate turns/s'],
      rows,
    };
  } finally {
    for (const streams of connections) streams.close();
    for (const server of [goesOn, echoes, tiergate]) await server.stop();
  }
}

import { responsesBody } from './support/bodies.ts';
import { interleave } from './support/interleave.ts';
import { processorSeconds } from './support/process-usage.ts';
import { type BenchServer, startBare, startTiergate } from './support/servers.ts';
import { spreadOf, spreadText } from './support/statistics.ts';
import { streamLoad } from './support/stream-load.ts';
import type { BenchTable } from './support/table.ts';

interface Case {
  readonly label: string;
  readonly bytes: number;
  readonly tier: string;
  readonly requests: number;
}

/** The tier that the policy of the bench takes away. */
const FILTERED = 'priority';

const CASES: readonly Case[] = [
  { label: '1 KB, passes', bytes: 1024, tier: 'flex', requests: 12_000 },
  { label: '1 KB, filtered', bytes: 1024, tier: FILTERED, requests: 12_000 },
  { label: '64 KB, passes', bytes: 65_536, tier: 'flex', requests: 4_000 },
  { label: '64 KB, filtered', bytes: 65_536, tier: FILTERED, requests: 4_000 },
];

const ROUNDS = 5;
const IN_FLIGHT = 16;

async function round(
  server: BenchServer,
  { bytes, tier, requests }: Case,
): Promise<{ cpu: number; rate: number }> {
  const body = responsesBody(bytes, tier);
  const before = processorSeconds(server.pid);
  const load = { port: server.port, body, requests, inFlight: IN_FLIGHT };
  const seconds = await streamLoad(load).catch((error: unknown) => {
    throw new Error(`a request to ${server.name} failed\n${server.tail()}`, { cause: error });
  });
  return { cpu: ((processorSeconds(server.pid) - before) / requests) * 1e6, rate: requests / seconds };
}

/**
 * The whole service against a bare grpc-js server with the same messages, straight over loopback: processor time of
 * the server process for one request, rounds interleaved.
 */
export async function runServiceBench(): Promise<BenchTable> {
  const goesOn = await startBare();
  const echoes = await startBare(true);
  const tiergate = await startTiergate();
  try {
    const rows: string[][] = [];
    for (const one of CASES) {
      // Where Tiergate sends a body back, so does the yardstick.
      const bare = one.tier === FILTERED ? echoes : goesOn;
      const pair = [bare, tiergate];
      for (const server of pair) await round(server, { ...one, requests: Math.ceil(one.requests / 4) });
      const results = await interleave(pair, ROUNDS, (server) => round(server, one));
      const cpu = (server: BenchServer) => spreadOf((results.get(server) ?? []).map((result) => result.cpu));
      const rate = (server: BenchServer) =>
        spreadOf((results.get(server) ?? []).map((result) => result.rate));
      rows.push([
        one.label,
        spreadText(cpu(bare), 0),
        spreadText(cpu(tiergate), 0),
        (cpu(tiergate).median / cpu(bare).median).toFixed(2),
        rate(bare).median.toFixed(0),
        rate(tiergate).median.toFixed(0),
      ]);
    }
    return {
      title: 'Full service against a bare grpc-js server',
      note: `Straight over loopback, ${IN_FLIGHT} in flight, ${ROUNDS} interleaved rounds; processor time of the server process, µs a request, min/med/max. Where Tiergate sends the body back, the bare server echoes it.`,
      columns: ['body', 'bare µs', 'Tiergate µs', 'ratio', 'bare req/s', 'Tiergate req/s'],
      rows,
    };
  } finally {
    for (const server of [goesOn, echoes, tiergate]) await server.stop();
  }
}

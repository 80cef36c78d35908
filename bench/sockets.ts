import { runSocketLatency } from './socket-latency.ts';
import { runSocketMemory } from './socket-memory.ts';
import { runSocketTurns } from './socket-turns.ts';
import type { BenchTable } from './support/table.ts';

/** WebSockets: the cost of a turn, memory of open sockets, and latency through a real Envoy. */
export async function runSocketBench(): Promise<BenchTable[]> {
  return [await runSocketTurns(), await runSocketMemory(), await runSocketLatency()];
}

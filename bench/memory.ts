import { responsesBody } from './support/bodies.ts';
import { residentBytes } from './support/process-usage.ts';
import { startTiergate } from './support/servers.ts';
import { streamLoad } from './support/stream-load.ts';
import type { BenchTable } from './support/table.ts';

const MEBIBYTE = 1024 * 1024;
const BATCH = 1000;
const BATCHES = 3;

/** Resident memory of Tiergate: idle, and after each thousand bodies of 1 MB, eight in flight. */
export async function runMemoryBench(): Promise<BenchTable> {
  const server = await startTiergate();
  try {
    const rows = [['idle', (residentBytes(server.pid) / MEBIBYTE).toFixed(0)]];
    const body = responsesBody(1_000_000, 'priority');
    for (let batch = 1; batch <= BATCHES; batch += 1) {
      await streamLoad({ port: server.port, body, requests: BATCH, inFlight: 8 });
      rows.push([`after ${batch * BATCH} × 1 MB`, (residentBytes(server.pid) / MEBIBYTE).toFixed(0)]);
    }
    return { title: 'Resident memory', columns: ['when', 'MiB'], rows };
  } finally {
    await server.stop();
  }
}

import { openStream } from '../../../src/extproc/stream.ts';
import { startGrpcServer } from '../../../src/extproc/transport/grpc-server.ts';
import { Bench, keepAll } from '../support.ts';

/**
 * A server in a process of its own, so that its memory can be measured. Argument: `limits.held_total` in MiB. Prints
 * its address, and at the end of its input its peak memory, what is still held, and how often it refused.
 */
const MiB = 1024 * 1024;
const bench = new Bench(keepAll, { startTimer: () => () => undefined }, Number(process.argv[2]) * MiB);
const server = await startGrpcServer({
  address: '127.0.0.1:0',
  socketMode: undefined,
  tls: undefined,
  maxBodyBytes: 64 * MiB,
  held: bench.held,
  observer: bench.observer,
  open: (stream) => openStream(stream, bench.environment),
});
console.log(server.address);
process.stdin.resume();
process.stdin.once('end', () => {
  const { held, peak } = bench.held;
  const { overloadedCount, faults } = bench.observer;
  const peakMemory = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ held, peak, peakMemory, overloaded: overloadedCount, faults: faults.length }));
  server.close();
});

import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { jsonTable, runJsonBench } from './json.ts';
import { runMemoryBench } from './memory.ts';
import { runRedisBench } from './redis.ts';
import { runServiceBench } from './service.ts';
import { runSocketBench } from './sockets.ts';
import { type BenchTable, markdownTable } from './support/table.ts';
import { runEnvoyBench } from './through-envoy.ts';

const HELP = `usage: npm run bench -- [PART …]

Measures Tiergate on this machine, over loopback, as ratios against yardsticks of the same run.

parts (default: all)
  json      reader and editor against JSON.parse
  service   the whole service against a bare grpc-js server
  envoy     through a real Envoy: with Tiergate, with nothing, bare grpc-js, stock Go (where Go is found)
  memory    resident memory, idle and after thousands of 1 MB bodies
  sockets   WebSockets: a turn against a bare grpc-js server, memory of 5,000 open ones, latency through a real Envoy
  redis     a turn with memory, with Redis and with Redis gone; what sockets cost Redis (needs redis-server)
`;

const PARTS: Readonly<Record<string, () => Promise<BenchTable[]>>> = {
  json: async () => [jsonTable(runJsonBench({ rounds: 9, roundMilliseconds: 120 }))],
  service: async () => [await runServiceBench()],
  envoy: runEnvoyBench,
  memory: async () => [await runMemoryBench()],
  sockets: runSocketBench,
  redis: runRedisBench,
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean' } } });
if (values.help === true) {
  process.stdout.write(HELP);
  process.exit(0);
}
const names = positionals.length === 0 ? Object.keys(PARTS) : positionals;
for (const name of names) {
  if (PARTS[name] === undefined) {
    process.stderr.write(`no part named ${name}\n\n${HELP}`);
    process.exit(2);
  }
}

const processors = cpus();
process.stdout.write(
  `${processors.length} × ${processors[0]?.model ?? 'unknown processor'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}\n\n`,
);
for (const name of names) {
  process.stderr.write(`measuring ${name} …\n`);
  for (const table of (await PARTS[name]?.()) ?? []) process.stdout.write(`${markdownTable(table)}\n`);
}

import { installEnvoy } from '../tools/envoy/install.ts';
import { launchEnvoy, type RunningEnvoy } from '../tools/envoy/launch.ts';
import { PLACES, ReferenceConfig, type RequestMode } from '../tools/envoy/reference.ts';
import { DEFAULT_ENVOY_VERSION } from '../tools/envoy/versions.ts';
import { responsesBody } from './support/bodies.ts';
import { saturate, steady } from './support/http-load.ts';
import { processorSeconds } from './support/process-usage.ts';
import { type BenchServer, startBare, startGo, startTiergate } from './support/servers.ts';
import { percentile, spreadOf, spreadText } from './support/statistics.ts';
import type { BenchTable } from './support/table.ts';
import { startUpstream } from './support/upstream.ts';

const ROUNDS = 3;
const CONNECTIONS = 16;
const SATURATION_SECONDS = 3;
const RATE = 500;
const RATE_SECONDS = 4;

/** One way through Envoy: with a server under test, or with none. */
interface Variant {
  readonly name: string;
  readonly envoy: RunningEnvoy;
  readonly server: BenchServer | undefined;
}

async function startVariant(
  binary: string,
  upstream: number,
  mode: RequestMode,
  server: BenchServer | undefined,
): Promise<Variant> {
  const config = new ReferenceConfig().connect({ port: server?.port ?? 9 }, { port: upstream });
  config.mode(mode, mode !== 'BUFFERED');
  // The yardsticks have no health service.
  config.remove([...PLACES.tiergate, 'health_checks']);
  if (server === undefined) {
    config.remove([...PLACES.manager, 'http_filters', 0]);
    config.remove([...config.route(), 'typed_per_filter_config']);
  }
  const envoy = await launchEnvoy({ binary, config: config.toString() });
  return { name: server?.name ?? 'no ext_proc', envoy, server };
}

interface Figures {
  readonly rates: number[];
  readonly envoyCpu: number[];
  readonly serverCpu: number[];
  readonly latencies: number[];
}

async function measure(variant: Variant, body: Buffer, figures: Figures): Promise<void> {
  const target = { port: variant.envoy.port('llm'), body };
  const cpu = () => ({
    envoy: processorSeconds(variant.envoy.process.pid),
    server: variant.server === undefined ? 0 : processorSeconds(variant.server.pid),
  });
  const before = cpu();
  const answered = await saturate(target, CONNECTIONS, SATURATION_SECONDS);
  const after = cpu();
  figures.rates.push(answered / SATURATION_SECONDS);
  figures.envoyCpu.push(((after.envoy - before.envoy) / answered) * 1e6);
  figures.serverCpu.push(((after.server - before.server) / answered) * 1e6);
  figures.latencies.push(...(await steady(target, RATE, RATE_SECONDS)));
}

async function compare(variants: readonly Variant[], bytes: number, title: string): Promise<BenchTable> {
  const body = responsesBody(bytes, 'flex');
  const all = new Map(
    variants.map((variant): [Variant, Figures] => [
      variant,
      { rates: [], envoyCpu: [], serverCpu: [], latencies: [] },
    ]),
  );
  for (const variant of variants) await saturate({ port: variant.envoy.port('llm'), body }, CONNECTIONS, 1);
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = variants.map((_, i) => variants[(i + round) % variants.length]);
    for (const variant of order) {
      const figures = variant === undefined ? undefined : all.get(variant);
      if (variant !== undefined && figures !== undefined) await measure(variant, body, figures);
    }
  }
  const latency = (figures: Figures, percent: number) =>
    percentile(
      [...figures.latencies].sort((a, b) => a - b),
      percent,
    );
  const baseline = [...all].find(([variant]) => variant.server === undefined)?.[1];
  const rows = [...all].map(([variant, figures]) => {
    const added = (percent: number) =>
      baseline === undefined || figures === baseline
        ? '–'
        : (latency(figures, percent) - latency(baseline, percent)).toFixed(2);
    return [
      variant.name,
      spreadText(spreadOf(figures.rates), 0),
      spreadOf(figures.envoyCpu).median.toFixed(0),
      spreadOf(figures.serverCpu).median.toFixed(0),
      `${latency(figures, 50).toFixed(2)}/${latency(figures, 99).toFixed(2)}`,
      `${added(50)}/${added(99)}`,
    ];
  });
  return {
    title,
    columns: [
      'variant',
      'req/s at saturation',
      'Envoy µs',
      'server µs',
      `ms at ${RATE}/s p50/p99`,
      'added ms p50/p99',
    ],
    rows,
  };
}

/**
 * Through a real Envoy: throughput at saturation and latency at a fixed rate, with Tiergate, with nothing, with a bare
 * grpc-js server and with a stock Go server, in one run with the order turned each round.
 */
export async function runEnvoyBench(): Promise<BenchTable[]> {
  const binary = await installEnvoy(DEFAULT_ENVOY_VERSION);
  const upstream = await startUpstream();
  const servers: BenchServer[] = [];
  const tables: BenchTable[] = [];
  try {
    servers.push(await startTiergate(), await startBare());
    const go = await startGo();
    if (go !== undefined) servers.push(go);
    // The yardsticks only know BUFFERED; in full duplex Tiergate is compared with nothing in the path.
    const plans = [
      { mode: 'BUFFERED', servers: [undefined, ...servers] },
      { mode: 'FULL_DUPLEX_STREAMED', servers: [undefined, servers[0]] },
    ] as const;
    for (const plan of plans) {
      const variants: Variant[] = [];
      try {
        for (const server of plan.servers)
          variants.push(await startVariant(binary, upstream.port, plan.mode, server));
        for (const [label, bytes] of [
          ['1 KB', 1024],
          ['64 KB', 65_536],
        ] as const) {
          tables.push(
            await compare(
              variants,
              bytes,
              `Through Envoy ${DEFAULT_ENVOY_VERSION}, ${plan.mode}, ${label} bodies`,
            ),
          );
        }
      } finally {
        for (const variant of variants) await variant.envoy.stop();
      }
    }
    return tables;
  } finally {
    for (const server of servers) await server.stop();
    await upstream.stop();
  }
}

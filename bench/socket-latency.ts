import { installEnvoy } from '../tools/envoy/install.ts';
import { launchEnvoy, type RunningEnvoy } from '../tools/envoy/launch.ts';
import { PLACES, ReferenceConfig } from '../tools/envoy/reference.ts';
import { DEFAULT_ENVOY_VERSION } from '../tools/envoy/versions.ts';
import { fixedRate } from './support/fixed-rate.ts';
import { interleave } from './support/interleave.ts';
import { processorSeconds } from './support/process-usage.ts';
import { RawSocket } from './support/raw-socket.ts';
import { type BenchServer, startBare, startTiergate } from './support/servers.ts';
import { percentile, spreadOf } from './support/statistics.ts';
import type { BenchTable } from './support/table.ts';
import { startSocketUpstream } from './support/upstream.ts';

const SOCKETS = 32;
const RATE = 300;
const SECONDS = 4;
const ROUNDS = 3;

const CASES = [
  { label: '300 B, passes', bytes: 300, tier: 'flex' },
  { label: '300 B, filtered', bytes: 300, tier: 'priority' },
  { label: '44 KB, passes', bytes: 44 * 1024, tier: 'flex' },
  { label: '44 KB, filtered', bytes: 44 * 1024, tier: 'priority' },
] as const;

/** One way for a socket through Envoy: with a server under test, or with none. */
interface Variant {
  readonly name: string;
  readonly envoy: RunningEnvoy;
  readonly server: BenchServer | undefined;
}

async function startVariant(
  binary: string,
  upstream: number,
  server: BenchServer | undefined,
): Promise<Variant> {
  const config = new ReferenceConfig().connect({ port: server?.port ?? 9 }, { port: upstream });
  // The yardstick has no health service.
  for (const cluster of [PLACES.tiergate, PLACES.tiergateSockets])
    config.remove([...cluster, 'health_checks']);
  if (server === undefined) {
    config.remove([...PLACES.manager, 'upgrade_configs', 0, 'filters', 0]);
    config.remove([...config.socketRoute(), 'typed_per_filter_config']);
  }
  const envoy = await launchEnvoy({ binary, config: config.toString() });
  return { name: server?.name ?? 'no ext_proc', envoy, server };
}

interface Round {
  readonly latencies: readonly number[];
  /** Processor time, µs a turn. */
  readonly envoyCpu: number;
  readonly serverCpu: number;
}

async function measure(variant: Variant, bytes: number, tier: string, seconds: number): Promise<Round> {
  const open = () => RawSocket.open(variant.envoy.port('llm'), bytes, tier);
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, open));
  const cpu = () => ({
    envoy: processorSeconds(variant.envoy.process.pid),
    server: variant.server === undefined ? 0 : processorSeconds(variant.server.pid),
  });
  try {
    const before = cpu();
    const latencies = await fixedRate(sockets, RATE, seconds);
    const after = cpu();
    const each = (used: number) => (used / latencies.length) * 1e6;
    return {
      latencies,
      envoyCpu: each(after.envoy - before.envoy),
      serverCpu: each(after.server - before.server),
    };
  } finally {
    for (const socket of sockets) socket.close();
  }
}

/** The rows of one case: added latency is that over the variant without a server. */
async function rowsOf(
  variants: readonly Variant[],
  { label, bytes, tier }: (typeof CASES)[number],
): Promise<string[][]> {
  for (const variant of variants) await measure(variant, bytes, tier, 1);
  const measured = await interleave(variants, ROUNDS, (variant) => measure(variant, bytes, tier, SECONDS));
  const pooled = (variant: Variant) =>
    (measured.get(variant) ?? []).flatMap(({ latencies }) => latencies).sort((a, b) => a - b);
  const baseline = variants.find(({ server }) => server === undefined);
  return variants.map((variant) => {
    const rounds = measured.get(variant) ?? [];
    const at = (percent: number) => percentile(pooled(variant), percent);
    const added = (percent: number) =>
      baseline === undefined || variant === baseline
        ? '–'
        : (at(percent) - percentile(pooled(baseline), percent)).toFixed(2);
    return [
      label,
      variant.name,
      `${at(50).toFixed(2)}/${at(99).toFixed(2)}`,
      `${added(50)}/${added(99)}`,
      spreadOf(rounds.map(({ envoyCpu }) => envoyCpu)).median.toFixed(0),
      spreadOf(rounds.map(({ serverCpu }) => serverCpu)).median.toFixed(0),
    ];
  });
}

/** Latency of a turn through a real Envoy at a fixed rate: with Tiergate, with a bare grpc-js server, with nothing. */
export async function runSocketLatency(): Promise<BenchTable> {
  const binary = await installEnvoy(DEFAULT_ENVOY_VERSION);
  const upstream = await startSocketUpstream();
  const servers: BenchServer[] = [];
  const variants: Variant[] = [];
  try {
    servers.push(await startTiergate(), await startBare(), await startBare(true));
    for (const server of [undefined, ...servers]) {
      variants.push(await startVariant(binary, upstream.port, server));
    }
    const [nothing, tiergate, goesOn, echoes] = variants;
    const rows: string[][] = [];
    for (const one of CASES) {
      const bare = one.tier === 'priority' ? echoes : goesOn;
      const compared = [nothing, tiergate, bare].filter((variant) => variant !== undefined);
      rows.push(...(await rowsOf(compared, one)));
    }
    return {
      title: `Turns through Envoy ${DEFAULT_ENVOY_VERSION} at ${RATE} a second`,
      note: `The WebSocket chain of the shipped file, ${SOCKETS} open sockets, ${ROUNDS} interleaved rounds of ${SECONDS} s, pooled; from the client's write to the provider's short answer. Processor time in µs a turn, both ways, medians.`,
      columns: ['turn', 'variant', 'ms p50/p99', 'added ms p50/p99', 'Envoy µs', 'server µs'],
      rows,
    };
  } finally {
    for (const variant of variants) await variant.envoy.stop();
    for (const server of servers) await server.stop();
    await upstream.stop();
  }
}

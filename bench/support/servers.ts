import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort } from '../../tools/envoy/free-port.ts';
import { type RunningProcess, startProcess } from '../../tools/envoy/start-process.ts';
import { startTiergate as startService } from '../../tools/envoy/tiergate.ts';
import { waitFor } from '../../tools/envoy/wait-for.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** An ext_proc server under test in a process of its own. */
export interface BenchServer {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** The ends of its outputs, for error messages. */
  tail(): string;
  stop(): Promise<void>;
}

/** The port that a server of the bench prints when it listens. */
export async function portOf(child: RunningProcess): Promise<number> {
  const port = await waitFor(`${child.name} to print its port`, () => {
    if (!child.running) throw new Error(`${child.name} ended\n${child.tail()}`);
    const line = child.stdout.find((text) => text.startsWith('port '));
    return line === undefined ? undefined : Number(line.slice(5));
  });
  return port;
}

async function startYardstick(name: string, command: string, args: readonly string[]): Promise<BenchServer> {
  const child = await startProcess({ name, command, args });
  const port = await portOf(child);
  return {
    name,
    port,
    pid: child.pid,
    tail: () => child.tail(5),
    async stop() {
      await child.stop();
    },
  };
}

/**
 * A grpc-js server that answers "go on" to everything.
 *
 * @param echo sends each body back as its replacement instead
 */
export function startBare(echo = false): Promise<BenchServer> {
  const args = [join(ROOT, 'bench/servers/bare.ts'), ...(echo ? ['--echo'] : [])];
  return startYardstick(echo ? 'bare grpc-js, echo' : 'bare grpc-js', process.execPath, args);
}

/** The stock Go server, built here; undefined where Go is not found or cannot fetch its modules, with the reason printed. */
export async function startGo(): Promise<BenchServer | undefined> {
  const folder = join(ROOT, '.cache/bench');
  mkdirSync(folder, { recursive: true });
  const binary = join(folder, 'ext-proc-go');
  const build = spawnSync('go', ['build', '-o', binary, '.'], {
    cwd: join(ROOT, 'bench/servers/go'),
    encoding: 'utf8',
  });
  if (build.status !== 0) {
    process.stderr.write(`without the Go server: ${build.error?.message ?? build.stderr.trim()}\n`);
    return undefined;
  }
  return startYardstick('stock Go', binary, []);
}

/** Tiergate as an operator runs it; decisions are logged to a pipe. It filters `priority` and lets `flex` pass. */
export async function startTiergate(
  name = 'Tiergate',
  config: Readonly<Record<string, unknown>> = {},
): Promise<BenchServer> {
  const port = await freePort();
  const tiergate = await startService({ grpc: { port }, config });
  return {
    name,
    port,
    pid: tiergate.process.pid,
    tail: () => tiergate.process.tail(5),
    stop: () => tiergate.stop(),
  };
}

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../../tools/envoy/free-port.ts';
import { type RunningProcess, startProcess } from '../../tools/envoy/start-process.ts';
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

async function portOf(child: RunningProcess): Promise<number> {
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

/** Tiergate as an operator runs it, with its default policy; decisions are logged to a pipe. */
export async function startTiergate(): Promise<BenchServer & { readonly ops: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'tiergate-bench-'));
  const port = await freePort();
  const opsPort = await freePort();
  writeFileSync(
    join(folder, 'policy.json'),
    JSON.stringify({ rules: [{ service_tier: 'priority', action: 'filter', scope: 'all' }] }),
  );
  writeFileSync(
    join(folder, 'tiergate.yaml'),
    `listen: { grpc: "127.0.0.1:${port}", ops: "127.0.0.1:${opsPort}" }\npolicy: { file: ${join(folder, 'policy.json')} }\n`,
  );
  const child = await startProcess({
    name: 'tiergate',
    command: process.execPath,
    args: [join(ROOT, 'src/cli/main.ts'), 'serve', '--config', join(folder, 'tiergate.yaml')],
  });
  const ops = `http://127.0.0.1:${opsPort}`;
  await waitFor('Tiergate to be ready', async () => {
    if (!child.running) throw new Error(`Tiergate ended\n${child.tail()}`);
    return (await fetch(`${ops}/readyz`)).ok ? true : undefined;
  });
  return {
    name: 'Tiergate',
    port,
    ops,
    pid: child.pid,
    tail: () => child.tail(5),
    async stop() {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

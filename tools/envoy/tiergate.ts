import { rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from './free-port.ts';
import type { Endpoint } from './reference.ts';
import { type RunningProcess, startProcess } from './start-process.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from './temporary-folder.ts';
import { waitFor } from './wait-for.ts';

/** The command line's main module; `TEST_MAIN` names another one, for example that of the built package. */
const MAIN = resolve(process.env['TEST_MAIN'] ?? join(import.meta.dirname, '../../src/cli/main.ts'));

export interface TiergateOptions {
  /** Where it listens for Envoy. Default: a free port. */
  readonly grpc?: Endpoint;
  /** The policy document. Default: filter `priority` and `ultrafast`. */
  readonly policy?: unknown;
  readonly strictness?: 'compatible' | 'strict';
  /** Folder of a control group that the process joins before it starts, so that it sees the limits of the group. */
  readonly controlGroup?: string;
  /** More of the configuration. */
  readonly config?: Readonly<Record<string, unknown>> & { readonly policy?: object };
}

/** A Tiergate that runs as an operator runs it: `tiergate serve --config FILE`. */
export interface RunningTiergate {
  readonly process: RunningProcess;
  readonly grpc: Endpoint;
  /** Base URL of `/readyz` and `/metrics`. */
  readonly ops: string;
  /** The watched policy file. */
  readonly policyFile: string;
  /** The configuration, for commands that ask the same store. */
  readonly configFile: string;
  /** Puts another policy into the watched file and waits until it is in force. */
  changePolicy(policy: unknown): Promise<void>;
  /** Decisions that were logged so far. */
  decisions(): Record<string, unknown>[];
  stop(): Promise<void>;
}

export const DEFAULT_POLICY = {
  rules: [
    { service_tier: 'priority', action: 'filter', scope: 'all' },
    { service_tier: 'ultrafast', action: 'filter', scope: 'all' },
  ],
};

/** Starts Tiergate on free ports and waits until it is ready. */
export async function startTiergate(options: TiergateOptions = {}): Promise<RunningTiergate> {
  const folder = await makeTemporaryFolder();
  const grpc = options.grpc ?? { port: await freePort() };
  const opsPort = await freePort();
  const policyFile = join(folder, 'policy.json');
  const configFile = join(folder, 'tiergate.yaml');
  await writeFile(policyFile, JSON.stringify(options.policy ?? DEFAULT_POLICY));
  const { policy, ...more } = options.config ?? {};
  const config = {
    listen: {
      grpc: 'port' in grpc ? `127.0.0.1:${grpc.port}` : `unix:${grpc.socket}`,
      ops: `127.0.0.1:${opsPort}`,
    },
    policy: { file: policyFile, ...policy },
    strictness: options.strictness ?? 'compatible',
    // Nobody but this process's own Envoy is to learn that it goes.
    limits: { drain_grace: '10ms', drain: '5s' },
    ...more,
  };
  await writeFile(configFile, stringify(config));
  const serve = [process.execPath, MAIN, 'serve', '--config', configFile] as const;
  const child = await startProcess({
    name: 'tiergate',
    ...(options.controlGroup === undefined ? commandOf(serve) : joining(options.controlGroup, serve)),
    env: withoutSettings(process.env),
  });
  const ops = `http://127.0.0.1:${opsPort}`;
  const stop = async (): Promise<void> => {
    await child.stop();
    await removeTemporaryFolder(folder);
  };
  try {
    await waitFor('Tiergate to be ready', async () => {
      if (!child.running) return true;
      return (await fetch(`${ops}/readyz`)).ok ? true : undefined;
    });
    if (!child.running) throw new Error('it ended');
  } catch (error) {
    await stop();
    throw new Error(`Tiergate did not get ready\n${child.tail()}`, { cause: error });
  }

  return {
    process: child,
    grpc,
    ops,
    policyFile,
    configFile,
    stop,
    decisions: () => logged(child),
    async changePolicy(policy) {
      const before = await policyRevision(ops);
      await writeFile(`${policyFile}.new`, JSON.stringify(policy));
      await rename(`${policyFile}.new`, policyFile);
      await waitFor('the new policy', async () =>
        (await policyRevision(ops)) !== before ? true : undefined,
      );
    },
  };
}

function commandOf([command, ...args]: readonly [string, ...string[]]): { command: string; args: string[] } {
  return { command, args };
}

/** The same command in a control group; `exec`, so that the process is the command itself. */
function joining(group: string, words: readonly string[]): { command: string; args: string[] } {
  return { command: 'sh', args: ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', group, ...words] };
}

/** The environment without TIERGATE_* variables: they are settings of `serve`, and the file here is to be all of them. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('TIERGATE_')));
}

/** Runs a command of the command line. @returns its exit code and what it printed */
export async function runTiergate(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = await startProcess({
    name: 'tiergate',
    command: process.execPath,
    args: [MAIN, ...args],
    env: withoutSettings(process.env),
  });
  const { code } = await child.ended;
  return { code, output: [...child.stdout, ...child.stderr].join('\n') };
}

/** The revision in force, as `/metrics` shows it. */
export async function policyRevision(ops: string): Promise<string | undefined> {
  const text = await (await fetch(`${ops}/metrics`)).text();
  return /^tiergate_policy_revision(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1];
}

/** The records under `decision` of the log lines so far. */
function logged(child: RunningProcess): Record<string, unknown>[] {
  const records: Record<string, unknown>[] = [];
  for (const line of [...child.stdout, ...child.stderr]) {
    if (!line.startsWith('{')) continue;
    const { decision } = JSON.parse(line) as { decision?: Record<string, unknown> };
    if (decision !== undefined) records.push(decision);
  }
  return records;
}

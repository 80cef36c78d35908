import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProcessEnd, type RunningProcess, startProcess } from './start-process.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from './temporary-folder.ts';
import { waitFor } from './wait-for.ts';

export interface LaunchOptions {
  /** Path of the Envoy binary. */
  readonly binary: string;
  /** The whole configuration, YAML. Give port 0 to the admin address and to listeners: the ports taken are reported. */
  readonly config: string;
  /** Worker threads. Default 1. */
  readonly concurrency?: number;
  /** Envoy's own log level. Default `warning`. */
  readonly logLevel?: string;
}

/** One line of the access log of the reference configuration. */
export interface AccessLogEntry {
  readonly request_id: string | null;
  readonly method: string | null;
  readonly path: string | null;
  readonly status: number;
  readonly details: string | null;
  readonly flags: string | null;
  readonly tiergate: Readonly<Record<string, string | number | boolean>> | null;
}

/** A running Envoy. */
export interface RunningEnvoy {
  readonly process: RunningProcess;
  /** Base URL of the admin interface. */
  readonly admin: string;
  /** The port that a listener has taken. @throws Error where there is no listener of that name */
  port(listener: string): number;
  /** Counters and gauges whose name matches the regular expression; absent ones are zero or not made yet. */
  stats(filter: string): Promise<ReadonlyMap<string, number>>;
  /** The ext_proc counters of one HTTP connection manager by their short names, for example `streams_failed`. */
  extProcStats(statPrefix?: string): Promise<ReadonlyMap<string, number>>;
  /** The access log so far. Envoy writes a line some milliseconds after the request has ended. */
  accessLog(): AccessLogEntry[];
  /** Waits for an access log line that fits. */
  accessLogEntry(fits: (entry: AccessLogEntry) => boolean): Promise<AccessLogEntry>;
  stop(): Promise<ProcessEnd>;
}

/**
 * Starts Envoy on a configuration and waits until it serves (`/ready` of the admin interface), which includes the first
 * health check of each cluster. Several can run beside each other: each has its own folder and no hot restart.
 *
 * @throws Error with Envoy's own words where it refuses the configuration or does not get ready
 */
export async function launchEnvoy(options: LaunchOptions): Promise<RunningEnvoy> {
  const folder = await makeTemporaryFolder();
  const config = join(folder, 'envoy.yaml');
  const adminFile = join(folder, 'admin');
  await writeFile(config, options.config);
  const args = ['-c', config, '--admin-address-path', adminFile, '--disable-hot-restart'];
  args.push('--concurrency', String(options.concurrency ?? 1), '--log-level', options.logLevel ?? 'warning');
  // Access log lines are wanted soon, not after Envoy's ten seconds; and nothing to drain when it is told to end.
  args.push('--file-flush-interval-msec', '50', '--drain-time-s', '1');
  const child = await startProcess({ name: 'envoy', command: options.binary, args });
  const stop = async (): Promise<ProcessEnd> => {
    const end = await child.stop();
    await removeTemporaryFolder(folder);
    return end;
  };
  try {
    const admin = `http://${await untilEnded(child, 'admin address', () => readAddress(adminFile))}`;
    await untilEnded(child, 'readiness', async () => ((await fetch(`${admin}/ready`)).ok ? true : undefined));
    const ports = await listenerPorts(admin);
    return runningEnvoy(child, admin, ports, stop);
  } catch (error) {
    await stop();
    throw new Error(`Envoy did not start\n${child.tail()}`, { cause: error });
  }
}

/** Asks the binary whether it takes a configuration. The result is undefined, or Envoy's reason. */
export async function validateConfig(binary: string, config: string): Promise<string | undefined> {
  const folder = await makeTemporaryFolder();
  try {
    const file = join(folder, 'envoy.yaml');
    await writeFile(file, config);
    const args = ['--mode', 'validate', '-c', file, '--log-level', 'warning'];
    const child = await startProcess({ name: 'envoy --mode validate', command: binary, args });
    const end = await child.ended;
    return end.code === 0 ? undefined : child.tail(5);
  } finally {
    await removeTemporaryFolder(folder);
  }
}

function runningEnvoy(
  child: RunningProcess,
  admin: string,
  ports: ReadonlyMap<string, number>,
  stop: () => Promise<ProcessEnd>,
): RunningEnvoy {
  const accessLog = (): AccessLogEntry[] =>
    child.stdout.filter((line) => line.startsWith('{')).map(parseEntry);
  const stats = async (filter: string): Promise<ReadonlyMap<string, number>> => {
    const answer = await fetch(`${admin}/stats?filter=${encodeURIComponent(filter)}`);
    return parseStats(await answer.text());
  };
  return {
    process: child,
    admin,
    stop,
    stats,
    accessLog,
    port(listener) {
      const port = ports.get(listener);
      if (port === undefined) throw new Error(`Envoy has no listener ${listener}`);
      return port;
    },
    async extProcStats(statPrefix = 'llm') {
      const prefix = `http.${statPrefix}.ext_proc.`;
      const found = await stats(`^${prefix.replaceAll('.', '\\.')}`);
      return new Map([...found].map(([name, value]) => [name.slice(prefix.length), value]));
    },
    accessLogEntry: (fits) => waitFor('an access log line', () => accessLog().find(fits)),
  };
}

/** Counters and gauges of Envoy's text format, `name: value` in each line; histograms are left out. */
function parseStats(text: string): ReadonlyMap<string, number> {
  const stats = new Map<string, number>();
  for (const line of text.split('\n')) {
    const at = line.lastIndexOf(': ');
    const value = Number(line.slice(at + 2));
    if (at > 0 && Number.isFinite(value)) stats.set(line.slice(0, at), value);
  }
  return stats;
}

function parseEntry(line: string): AccessLogEntry {
  return JSON.parse(line) as AccessLogEntry;
}

async function readAddress(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.includes(':') ? text.trim() : undefined;
}

async function untilEnded<T>(
  child: RunningProcess,
  what: string,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const died = child.ended.then((end) => {
    throw new Error(`Envoy ended with ${end.signal ?? `code ${end.code}`} before its ${what}`);
  });
  return Promise.race([died, waitFor(`Envoy's ${what}`, probe, 30_000)]);
}

interface ListenerList {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address?: { readonly socket_address?: { readonly port_value: number } };
  }[];
}

async function listenerPorts(admin: string): Promise<ReadonlyMap<string, number>> {
  const list = (await (await fetch(`${admin}/listeners?format=json`)).json()) as ListenerList;
  const ports = new Map<string, number>();
  for (const listener of list.listener_statuses ?? []) {
    const port = listener.local_address?.socket_address?.port_value;
    if (port !== undefined) ports.set(listener.name, port);
  }
  return ports;
}

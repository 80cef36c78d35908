import { open, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Progress } from '../envoy/install.ts';
import { runCommand } from '../envoy/run-command.ts';
import { type RunningProcess, startProcess } from '../envoy/start-process.ts';
import { waitFor } from '../envoy/wait-for.ts';

/** Where an ordinary engine listens. */
const USUAL_SOCKET = '/var/run/docker.sock';

/** A container engine of our own. */
export interface Engine {
  /** Value of `DOCKER_HOST`. */
  readonly host: string;
  stop(): Promise<void>;
}

/** Whether an engine is there already: one that `DOCKER_HOST` names, or one on the usual socket. */
export async function hasEngine(): Promise<boolean> {
  return (process.env['DOCKER_HOST'] ?? '') !== '' || (await answers(USUAL_SOCKET));
}

/** Whether an engine answers on a Unix socket (`GET /_ping` of its API). */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: '/_ping', timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.on('error', () => resolve(false));
    call.on('timeout', () => call.destroy(new Error('no answer')));
    call.end();
  });
}

/**
 * Installs the engine's package of Debian where there is no `dockerd`.
 *
 * @throws Error where this process is not root, or the package cannot be installed
 */
export async function installEngine(progress: Progress): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Error('no container engine answers, and only root can start one: start it, or set DOCKER_HOST');
  }
  if ((await runCommand('dockerd', ['--version'])).code === 0) return;
  progress('Installing docker.io');
  const apt = (...args: string[]) =>
    runCommand('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args]);
  const install = ['install', '--yes', '--quiet', '--no-install-recommends', 'docker.io'];
  // Package lists that are there may do; where they do not, they are fetched.
  if ((await apt(...install)).code === 0) return;
  await apt('update', '--quiet');
  const { code, stderr } = await apt(...install);
  if (code !== 0) throw new Error(`docker.io cannot be installed: ${stderr.trim().slice(-1_000)}`);
}

/**
 * Starts an engine that has all its files in one folder.
 *
 * @throws Error with the end of its log where it does not answer
 */
export async function startEngine(folder: string): Promise<Engine> {
  const socket = join(folder, 'docker.sock');
  const places = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')];
  const child = await startProcess({
    name: 'dockerd',
    command: 'dockerd',
    args: [
      ...['--host', `unix://${socket}`, '--pidfile', join(folder, 'pid'), ...places],
      ...['--mtu', String(await largestPacket()), '--log-level', 'warn'],
    ],
  });
  try {
    await waitFor(
      'the engine',
      async () => (!child.running || (await answers(socket)) ? true : undefined),
      60_000,
    );
    if (!child.running) throw new Error('it ended');
  } catch (error) {
    await child.stop();
    throw new Error(`dockerd did not get ready\n${child.tail()}`, { cause: error });
  }
  return { host: `unix://${socket}`, stop: () => stopEngine(child) };
}

/** The engine ends its containers first, which takes its time. */
async function stopEngine(child: RunningProcess): Promise<void> {
  await child.stop(30_000);
}

/** The packet size of the interface of the default route; containers would wait for packets that are larger. */
async function largestPacket(): Promise<number> {
  const routes = (await readFile('/proc/net/route', 'utf8')).split('\n').map((line) => line.split('\t'));
  const name = routes.find(([, destination]) => destination === '00000000')?.[0];
  if (name === undefined) return 1_500;
  await using file = await open(join('/sys/class/net', name, 'mtu'));
  return Number(await file.readFile('utf8'));
}

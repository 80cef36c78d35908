import { createConnection } from 'node:net';
import { freePort } from '../envoy/free-port.ts';
import { type RunningProcess, startProcess } from '../envoy/start-process.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../envoy/temporary-folder.ts';
import { waitFor } from '../envoy/wait-for.ts';

/** Milliseconds that a server may take to answer. */
const PATIENCE = 20_000;

export interface RedisLaunchOptions {
  /** Path of the server. */
  readonly binary: string;
  /** More arguments: `--requirepass`, `secret`, … */
  readonly args?: readonly string[];
  /** TLS on a second port: files in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
}

/** A Redis server on loopback, with a folder of its own. */
export interface RunningRedis {
  readonly port: number;
  /** Zero without TLS. */
  readonly tlsPort: number;
  /** Where it keeps its files. */
  readonly folder: string;
  readonly process: RunningProcess;
  /** Ends it at once, as a crash does (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again on the same ports and in the same folder, once it has ended. */
  restart(): Promise<void>;
  /** Stops it from running (SIGSTOP), as a machine that hangs does. */
  pause(): void;
  resume(): void;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

function answers(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    const finish = (answer: true | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => finish(undefined));
    socket.once('error', () => finish(undefined));
    // Any answer will do: a password may be wanted.
    socket.once('data', () => finish(true));
    socket.once('connect', () => socket.write('PING\r\n'));
  });
}

/**
 * Starts a Redis server on free ports of loopback and waits until it answers. It keeps nothing on the disk unless the
 * arguments say so.
 *
 * @throws Error with the server's own words where it does not start
 */
export async function launchRedis(options: RedisLaunchOptions): Promise<RunningRedis> {
  const folder = await makeTemporaryFolder();
  const port = await freePort();
  const tlsPort = options.tls === undefined ? 0 : await freePort();
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  if (options.tls !== undefined) {
    const { cert, key, ca } = options.tls;
    args.push(
      '--tls-port',
      String(tlsPort),
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-ca-cert-file',
      ca,
    );
  }
  args.push(...(options.args ?? []));
  const start = async (): Promise<RunningProcess> => {
    const child = await startProcess({ name: 'redis-server', command: options.binary, args });
    try {
      await waitFor('an answer of Redis', () => (child.running ? answers(port) : true), PATIENCE);
      if (!child.running) throw new Error('it ended by itself');
      return child;
    } catch (error) {
      await child.stop();
      throw new Error(`redis-server did not start\n${child.tail()}`, { cause: error });
    }
  };
  let child = await start();
  const kill = async (): Promise<void> => {
    child.signal('SIGKILL');
    await child.ended;
  };
  return {
    port,
    tlsPort,
    folder,
    get process() {
      return child;
    },
    kill,
    async restart() {
      child = await start();
    },
    pause: () => child.signal('SIGSTOP'),
    resume: () => child.signal('SIGCONT'),
    async stop() {
      await kill();
      await removeTemporaryFolder(folder);
    },
  };
}

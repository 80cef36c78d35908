import { Network, type StartedNetwork, type StartedTestContainer } from 'testcontainers';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type StartedTiergateContainer, TiergateContainer } from '../../../src/testcontainers/index.ts';
import { TIERGATE_IMAGE } from './build-image.ts';
import { ALIAS, envoyContainer, PORTS, providerContainer, redisContainer } from './containers.ts';

export interface StackOptions {
  /** Document of each Tiergate. */
  readonly policy: unknown;
  /** More than one Tiergate share a Redis. Default 1, without Redis. */
  readonly replicas?: number;
}

/** Provider, Tiergates, Envoy and perhaps Redis, each in a container of its own. */
export interface ContainerStack {
  /** The first Tiergate. */
  readonly tiergate: StartedTiergateContainer;
  /** All of them. */
  readonly replicas: readonly StartedTiergateContainer[];
  readonly redis: StartedTestContainer | undefined;
  /** `host:port` of Envoy's listener. */
  readonly gateway: string;
  /** Posts a body to `/v1/responses` under a name. */
  post(name: string, body: string): Promise<Response>;
  /** What the provider got with the header `x-case: <name>`; undefined where nothing of that name came. */
  seen(name: string): Promise<Seen | undefined>;
  /** The counters of Envoy's ext_proc filter, by their short names. */
  extProcStats(): Promise<ReadonlyMap<string, number>>;
}

/** What the provider got under one name. */
export interface Seen {
  /** Bodies, or messages of a socket. */
  readonly texts: readonly string[];
  readonly closeCode?: number;
}

/** Everything that was started, for its end. */
interface Started {
  readonly containers: StartedTestContainer[];
  network?: StartedNetwork;
}

async function start({ policy, replicas = 1 }: StackOptions, started: Started): Promise<ContainerStack> {
  const network = await new Network().start();
  started.network = network;
  const keep = <T extends StartedTestContainer>(container: T): T => {
    started.containers.push(container);
    return container;
  };
  const redis = replicas > 1 ? keep(await redisContainer(network).start()) : undefined;
  const tiergates = Array.from({ length: replicas }, () => {
    const tiergate = new TiergateContainer(TIERGATE_IMAGE).withPolicy(policy);
    if (redis !== undefined) tiergate.withStore(`redis://${ALIAS.redis}:${PORTS.redis}`);
    return tiergate.withNetwork(network).withNetworkAliases(ALIAS.tiergate).start().then(keep);
  });
  const [provider, ...running] = await Promise.all([
    providerContainer(network).start().then(keep),
    ...tiergates,
  ]);
  const [tiergate] = running;
  if (tiergate === undefined) throw new Error('a stack has one Tiergate at least');
  const envoy = keep(await envoyContainer(network).start());
  const gateway = `${envoy.getHost()}:${envoy.getMappedPort(PORTS.client)}`;
  return {
    tiergate,
    replicas: running,
    redis,
    gateway,
    post: (name, body) =>
      fetch(`http://${gateway}/v1/responses`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-case': name },
        body,
      }),
    async seen(name) {
      const answer = await fetch(`${urlOf(provider, PORTS.provider)}/seen/${name}`);
      return ((await answer.json()) as Seen | null) ?? undefined;
    },
    extProcStats: () => extProcStatsOf(urlOf(envoy, PORTS.admin)),
  };
}

function urlOf(container: StartedTestContainer, port: number): string {
  return `http://${container.getHost()}:${container.getMappedPort(port)}`;
}

async function extProcStatsOf(admin: string): Promise<ReadonlyMap<string, number>> {
  const prefix = 'http.llm.ext_proc.';
  const text = await (await fetch(`${admin}/stats?filter=${encodeURIComponent(prefix)}`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(prefix));
  return new Map(
    lines.map((line) => {
      const [name = '', value] = line.slice(prefix.length).split(': ');
      return [name, Number(value)] as const;
    }),
  );
}

/** The end of a container's log. */
async function tailOf(container: StartedTestContainer): Promise<string> {
  const log = await container.logs({ tail: 30 });
  const parts: string[] = [];
  log.on('data', (part: Buffer | string) => parts.push(String(part)));
  // The log of a running container has no end; what is there comes at once.
  await new Promise((done) => setTimeout(done, 500));
  log.destroy();
  return parts.join('');
}

/**
 * Containers for all tests of a `describe` block. Where a test fails, the ends of their logs are printed.
 *
 * @returns a function that gives the running stack, for use inside tests
 */
export function useContainers(options: StackOptions): () => ContainerStack {
  const started: Started = { containers: [] };
  let stack: ContainerStack | undefined;
  beforeAll(async () => {
    stack = await start(options, started);
  });
  afterEach(async (context) => {
    if (context.task.result?.state !== 'fail') return;
    for (const container of started.containers)
      console.error(`--- ${container.getName()}\n${await tailOf(container)}`);
  });
  afterAll(async () => {
    for (const container of started.containers.toReversed()) await container.stop();
    await started.network?.stop();
  });
  return () => {
    if (stack === undefined) throw new Error('the containers are not running');
    return stack;
  };
}

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { loadConfiguration } from '../../src/config/load.ts';
import { startServer, type TiergateServer } from '../../src/server.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import type { RunningEnvoy } from '../../tools/envoy/launch.ts';
import { type RunningTiergate, startTiergate } from '../../tools/envoy/tiergate.ts';
import { waitFor } from '../../tools/envoy/wait-for.ts';
import { redisCommand } from '../../tools/redis/command.ts';
import { findRedisServer } from '../../tools/redis/find.ts';
import { launchRedis, type RunningRedis } from '../../tools/redis/launch.ts';
import { expectHealthyExtProc } from './support/expect.ts';
import { opened, openWs, wsClient } from './support/ws-client.ts';
import { expectUpstream, requestIdOf } from './support/ws-expect.ts';
import { type SocketProvider, startSocketProvider } from './support/ws-provider.ts';
import { portOf, startSocketEnvoy } from './support/ws-stack.ts';

const REDIS = findRedisServer();

/** `priority` passes for one model, and is taken away from every other one. */
const POLICY = {
  rules: [
    {
      service_tier: 'priority',
      action: 'pass',
      scope: 'all',
      model_whitelist: ['gpt-5.5'],
      fallback_action: 'filter',
    },
  ],
};
const CAPTURE = '{"type":"response.create","model":"gpt-5.5"}';
const ASK = '{"type":"response.create","service_tier":"priority"}';
const FILTERED = '{"type":"response.create"}';

/** Milliseconds in which the end that an operator orders has to arrive. */
const END_MILLISECONDS = 1_000;
/** `limits.provider_wait`, as it is by default. */
const PROVIDER_WAIT = 2_000;
/** The time to live of a dead process's sockets, and some for a busy machine. */
const DEAD_MILLISECONDS = 35_000;

const SPEAKING = {
  response_body_mode: 'FULL_DUPLEX_STREAMED',
  response_trailer_mode: 'SEND',
} as const;

describe.skipIf(REDIS === undefined)('two replicas with one Redis', () => {
  let folder: string;
  let redis: RunningRedis;
  let provider: SocketProvider;
  /** A process of its own, so that it can be killed. */
  let first: RunningTiergate;
  /** In this process, so that what an API calls can be called. */
  let second: TiergateServer;
  /** In front of the first, in the modes in which the client can be told something at any time. */
  let speaking: RunningEnvoy;
  let envoys: readonly [first: RunningEnvoy, second: RunningEnvoy];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tiergate-sessions-'));
    redis = await launchRedis({ binary: REDIS ?? '' });
    const hashKeyFile = join(folder, 'hash-key');
    writeFileSync(hashKeyFile, `${'0123456789abcdef'.repeat(4)}\n`);
    const store = `redis://127.0.0.1:${redis.port}`;
    const sessions = { headers: ['session-id'], hash_key_file: hashKeyFile };
    provider = await startSocketProvider();
    first = await startTiergate({ policy: POLICY, config: { store, sessions } });
    const file = join(folder, 'tiergate.yaml');
    const listen = { grpc: '127.0.0.1:0', ops: 'off' };
    writeFileSync(file, JSON.stringify({ listen, store, sessions, limits: { drain_grace: '10ms' } }));
    const loaded = loadConfiguration({ file, environment: {} });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
    const { logger } = createLogger('silent', { write: () => {} });
    second = await startServer(loaded.configuration, { logger, processMetrics: false });
    const port = Number(second.addresses.grpc.split(':').at(-1));
    speaking = await startSocketEnvoy({ modes: SPEAKING }, first, provider);
    envoys = [
      await startSocketEnvoy({}, first, provider),
      await startSocketEnvoy({}, { grpc: { port } }, provider),
    ];
  });

  afterAll(async () => {
    for (const envoy of [...envoys, speaking]) await envoy.stop();
    await first.stop();
    await second.close();
    await provider.stop();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const headersOf = (session: string, key: string, name: string) => ({
    authorization: `Bearer ${key}`,
    'session-id': session,
    'x-case': name,
  });

  /** One socket over a replica. @returns what reached the provider */
  const talk = async (replica: 0 | 1, session: string, key: string, send: string): Promise<string[]> => {
    const name = randomUUID();
    const headers = headersOf(session, key, name);
    await wsClient.talk(portOf(envoys[replica]), { headers, send: [send], close: 1000 });
    const seen = await provider.socket(name);
    return seen.messages().map(({ payload }) => payload.toString());
  };

  /** Waits until a named session is written. */
  const written = (count: number): Promise<unknown> =>
    waitFor('the session in Redis', async () => {
      const keys = (await redisCommand(redis.port, 'keys', '{tg:resume:*')) as string[];
      return keys.length >= count ? true : undefined;
    });

  const open = async (replica: 0 | 1, session: string): Promise<{ client: WebSocket; name: string }> => {
    const name = randomUUID();
    const client = openWs(portOf(envoys[replica]), { headers: headersOf(session, 'sk-one', name) });
    await opened(client);
    return { client, name };
  };

  const listed = async (count: number, patience = 10_000) =>
    waitFor(
      `${count} sockets on the list`,
      async () => {
        const { sessions, incomplete } = await second.sessions.list(100);
        return incomplete === undefined && sessions.length === count ? sessions : undefined;
      },
      patience,
    );

  it('a session goes on at the other replica with the model that it captured', async () => {
    expect(await talk(0, 'one', 'sk-one', CAPTURE)).toEqual([CAPTURE]);
    await written(1);
    expect(await talk(1, 'one', 'sk-one', ASK)).toEqual([ASK]);
    // Another name, and the same name with another credential, are sessions of their own.
    expect(await talk(1, 'two', 'sk-one', ASK)).toEqual([FILTERED]);
    expect(await talk(1, 'one', 'sk-two', ASK)).toEqual([FILTERED]);
  });

  it('nobody else changes it, and the newest model counts at both replicas', async () => {
    expect(await talk(1, 'one', 'sk-two', CAPTURE.replace('gpt-5.5', 'other'))).toHaveLength(1);
    await written(2);
    expect(await talk(0, 'one', 'sk-one', ASK)).toEqual([ASK]);
    const other = CAPTURE.replace('gpt-5.5', 'other');
    expect(await talk(1, 'one', 'sk-one', other)).toEqual([other]);
    await waitFor('the newest model', async () => {
      const [message] = await talk(0, 'one', 'sk-one', ASK);
      return message === FILTERED ? true : undefined;
    });
  });

  it('no name and no credential stands in Redis or in the log', async () => {
    const keys = (await redisCommand(redis.port, 'keys', '*')) as string[];
    const values = await Promise.all(keys.map((key) => redisCommand(redis.port, 'dump', key)));
    const text = JSON.stringify([keys, values]) + first.process.stdout.join();
    expect(text).not.toMatch(/sk-one|sk-two|session-id/);
  });

  /** Opens a socket over the first replica, has the second end it, and tells how that came. */
  const endByOperator = async (
    envoy: RunningEnvoy,
    pings: boolean,
  ): Promise<{ code: number; took: number }> => {
    const name = randomUUID();
    const client = openWs(portOf(envoy), { headers: headersOf('ended', 'sk-one', name) });
    await opened(client);
    const closed = new Promise<{ code: number; at: number }>((resolve) => {
      client.on('close', (code) => resolve({ code, at: performance.now() }));
    });
    const answer = new Promise((resolve) => client.once('message', resolve));
    client.send(CAPTURE);
    await answer;
    const id = requestIdOf(await provider.socket(name));
    const record = await waitFor('the socket with its model', async () => {
      const { sessions } = await second.sessions.list(100);
      return sessions.find(({ requestId, model }) => requestId === id && model === 'gpt-5.5');
    });
    expect(record).toMatchObject({ dialect: 'openai-responses', route: 'default' });
    const pinging = pings ? setInterval(() => client.ping(), 50) : undefined;
    const from = performance.now();
    expect(await second.sessions.end(record.id)).toBe(true);
    const { code, at } = await closed;
    clearInterval(pinging);
    expectUpstream(await provider.socket(name), [CAPTURE]);
    await listed(0);
    expect(await second.sessions.end(record.id)).toBe(false);
    return { code, took: at - from };
  };

  it('an operator ends a socket of the other replica, also one that is silent where Envoy lets us speak', async () => {
    for (const [envoy, pings] of [
      [envoys[0], true],
      [speaking, false],
    ] as const) {
      const { code, took } = await endByOperator(envoy, pings);
      expect(code).toBe(1008);
      expect(took).toBeLessThan(END_MILLISECONDS);
    }
  });

  it('a socket on which nobody speaks is cut after limits.provider_wait where Envoy does not let us', async () => {
    const { code, took } = await endByOperator(envoys[0], false);
    expect(code).toBe(1006);
    expect(took).toBeLessThan(PROVIDER_WAIT + END_MILLISECONDS);
  });

  it('with Redis stopped, a session that cannot be looked up is judged strictly, and soon', async () => {
    expect(await talk(0, 'three', 'sk-one', CAPTURE)).toEqual([CAPTURE]);
    await waitFor('the session', async () => {
      const [message] = await talk(1, 'three', 'sk-one', ASK);
      return message === ASK ? true : undefined;
    });
    redis.pause();
    try {
      const from = performance.now();
      expect(await talk(1, 'three', 'sk-one', ASK)).toEqual([FILTERED]);
      expect(performance.now() - from).toBeLessThan(2_000);
    } finally {
      redis.resume();
    }
  });

  it('nothing of it disturbs Envoy', async () => {
    for (const envoy of [...envoys, speaking]) await expectHealthyExtProc(envoy);
  });

  it(
    'the sockets of a process that was killed disappear, those of the other one stay',
    async () => {
      const sockets = [await open(0, 'dead'), await open(0, 'dead'), await open(1, 'alive')];
      const before = await listed(3);
      const own = before.find(({ node }) => before.filter((record) => record.node === node).length === 1);
      first.process.signal('SIGKILL');
      const after = await listed(1, DEAD_MILLISECONDS);
      expect(after.map(({ id }) => id)).toEqual([own?.id]);
      for (const { client } of sockets) {
        client.on('error', () => {});
        client.terminate();
      }
    },
    DEAD_MILLISECONDS + 20_000,
  );
});

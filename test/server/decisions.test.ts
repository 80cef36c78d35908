import { expect, it, onTestFinished } from 'vitest';
import { createEnvoyDouble, type EnvoyDouble } from '../../src/testkit/index.ts';
import { redisCommand } from '../../tools/redis/command.ts';
import { entriesOf, STREAM } from '../storage/redis/decisions.ts';
import { describeWithRedis, eventually, startRedis } from '../storage/redis/redis.ts';
import { startTestServer, type TestServer } from './support.ts';

const BODY = '{"model":"gpt-5.5","service_tier":"fast","input":"words of the prompt"}';
const SECRET = 'sk-proj-of-the-client';

function envoyFor(server: TestServer): EnvoyDouble {
  const envoy = createEnvoyDouble({ server: server.addresses.grpc, requestBody: 'BUFFERED' });
  onTestFinished(() => envoy.close());
  return envoy;
}

async function ask(envoy: EnvoyDouble): Promise<void> {
  const headers = { authorization: `Bearer ${SECRET}` };
  const result = await envoy.exchange({ method: 'POST', path: '/v1/responses', headers, body: BODY });
  expect(result.upstream.text).not.toContain('service_tier');
}

async function checksOf(server: TestServer): Promise<unknown> {
  const ready = await fetch(`http://${server.addresses.ops}/readyz`);
  expect(ready.status).toBe(200);
  return ((await ready.json()) as Record<string, unknown>)['checks'];
}

describeWithRedis('startServer with Redis', () => {
  it('keeps decisions in memory and in the stream, as the log has them and without what is secret', async () => {
    const { port } = await startRedis();
    const server = await startTestServer({ TIERGATE_STORE: `redis://127.0.0.1:${port}` });
    const envoy = envoyFor(server);
    for (let count = 0; count < 3; count += 1) await ask(envoy);
    await envoy.close();
    await server.close();
    const logged = server.log.flatMap(({ decision }) => (decision === undefined ? [] : [decision]));
    expect(logged).toHaveLength(3);
    const entries = await entriesOf(port);
    expect(entries.map(({ decision }) => JSON.parse(decision ?? ''))).toEqual(logged);
    expect(entries[0]).toMatchObject({ action: 'filter', tier: 'priority', route: 'default' });
    expect(JSON.parse(JSON.stringify(server.recentDecisions.list()))).toEqual(logged.toReversed());
    expect(JSON.stringify(entries)).not.toMatch(/sk-proj|words of the prompt/);
  });

  it('stays ready and serves where the stream cannot be written, and says why', async () => {
    const { port } = await startRedis();
    await redisCommand(port, 'set', STREAM, 'of somebody else');
    const server = await startTestServer({ TIERGATE_STORE: `redis://127.0.0.1:${port}` });
    const envoy = envoyFor(server);
    await ask(envoy);
    const problem = expect.stringContaining('{tg:decisions} holds something other than a stream');
    await eventually(async () => expect(await checksOf(server)).toMatchObject({ decision_stream: problem }));
    await ask(envoy);
    await redisCommand(port, 'del', STREAM);
    await eventually(async () => expect(await checksOf(server)).not.toHaveProperty('decision_stream'));
    await eventually(async () => expect(await redisCommand(port, 'xlen', STREAM)).toBe(2));
  });

  it('writes no stream where decisions.stream is false, and one of the length and under the prefix that it is told', async () => {
    const { port } = await startRedis();
    const store = { TIERGATE_STORE: `redis://127.0.0.1:${port}` };
    const off = await startTestServer({ ...store, TIERGATE_DECISIONS_STREAM: 'false' });
    await ask(envoyFor(off));
    await off.close();
    expect(await redisCommand(port, 'exists', STREAM)).toBe(0);
    const short = await startTestServer({
      ...store,
      TIERGATE_DECISIONS_STREAM_LENGTH: '1',
      TIERGATE_STORE_PREFIX: 'other',
    });
    const envoy = envoyFor(short);
    for (let count = 0; count < 40; count += 1) await ask(envoy);
    await envoy.close();
    await short.close();
    expect((await entriesOf(port, '{other:decisions}')).length).toBeLessThan(20);
  });
});

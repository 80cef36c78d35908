import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { createEnvoyDouble } from '../../src/testkit/index.ts';
import { startTestServer } from './support.ts';

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
}

const MEGABYTE = 1_000_000;

it.each([
  ['a model of a megabyte', { model: 'm'.repeat(MEGABYTE) }],
  ['a model behind a megabyte of spaces', { model: `${' '.repeat(MEGABYTE)}gpt-5.5-of-some-length` }],
  [
    'a tier behind a megabyte of spaces',
    { model: 'gpt-5.5', service_tier: `${' '.repeat(MEGABYTE)}a-tier-of-some-length` },
  ],
])('a decision that is kept keeps nothing of the request in memory: %s', async (_, members) => {
  const server = await startTestServer();
  const envoy = createEnvoyDouble({ server: server.addresses.grpc, requestBody: 'BUFFERED' });
  onTestFinished(() => envoy.close());
  const body = JSON.stringify({ ...members, input: 'hi' });
  const ask = (): Promise<unknown> => envoy.exchange({ method: 'POST', path: '/v1/responses', body });
  await ask();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < 20; count += 1) await ask();
  collectGarbage();
  // Twenty bodies would be 20 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(5 * MEGABYTE);
  expect(server.recentDecisions.list()).toHaveLength(21);
});

import { Pool } from 'undici';
import { describe, expect, it } from 'vitest';
import { expectHealthyExtProc } from './support/expect.ts';
import type { SeenRequest } from './support/provider.ts';
import { useStack } from './support/stack.ts';

const REQUESTS = 20_000;
const IN_FLIGHT = 32;

/** Every request asks a tier that the policy takes away, so that one which passes unseen is told from the others. */
const BODY = '{"model":"gpt-5.5","service_tier":"priority","input":"hi"}';
const EXPECTED = '{"model":"gpt-5.5","input":"hi"}';

interface Count {
  arrived: number;
  unseen: number;
}

/** Sends the requests and counts those that did not end with 200. */
async function sendAll(port: number): Promise<Map<string, number>> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: IN_FLIGHT, pipelining: 1 });
  const failures = new Map<string, number>();
  let left = REQUESTS;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const outcome = await pool
        .request({ path: '/v1/responses', method: 'POST', body: BODY })
        .then(async ({ statusCode, body }) => {
          const text = await body.text();
          return statusCode === 200 ? undefined : `${statusCode} ${text}`;
        })
        .catch((error: unknown) => String(error));
      if (outcome !== undefined) failures.set(outcome, (failures.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  await pool.close();
  return failures;
}

function countInto(count: Count): (request: SeenRequest) => void {
  return (request) => {
    count.arrived += 1;
    if (request.body.toString() !== EXPECTED) count.unseen += 1;
  };
}

// Node's HTTP/2 drops a connection after 1,000 resets unless told otherwise, and Envoy ends each stream with one. Two
// belts hold against it; the second run takes the one in envoy.yaml away.
describe(`${REQUESTS} requests at ${IN_FLIGHT} in flight: none fails, none passes unseen`, () => {
  describe('with the shipped envoy.yaml', () => {
    const count: Count = { arrived: 0, unseen: 0 };
    const stack = useStack({ provider: { inspect: countInto(count) } });

    it('holds, over connections of 900 requests', async () => {
      expect([...(await sendAll(stack().port))]).toEqual([]);
      expect(count).toEqual({ arrived: REQUESTS, unseen: 0 });
      const stats = await stack().envoy.stats('cluster.tiergate.upstream_cx_total');
      expect(stats.get('cluster.tiergate.upstream_cx_total')).toBeGreaterThanOrEqual(REQUESTS / 900);
      await expectHealthyExtProc(stack().envoy);
    }, 180_000);
  });

  describe('without max_requests_per_connection', () => {
    const count: Count = { arrived: 0, unseen: 0 };
    const stack = useStack({
      provider: { inspect: countInto(count) },
      edit: (config) => config.unlimitedRequestsPerConnection(),
    });

    it('holds, over one connection', async () => {
      expect([...(await sendAll(stack().port))]).toEqual([]);
      expect(count).toEqual({ arrived: REQUESTS, unseen: 0 });
      const stats = await stack().envoy.stats('cluster.tiergate.upstream_cx_total');
      // One for the requests; health checks are not counted here.
      expect(stats.get('cluster.tiergate.upstream_cx_total')).toBe(1);
      await expectHealthyExtProc(stack().envoy);
    }, 180_000);
  });
});

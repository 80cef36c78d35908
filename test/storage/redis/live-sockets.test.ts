import { expect, it } from 'vitest';
import type { ExchangeEnvironment } from '../../../src/exchange/settings.ts';
import { SocketBench } from '../../exchange/socket/bench.ts';
import { socketsWith, turn } from '../../exchange/socket/dialogue.ts';
import { frame } from '../../exchange/socket/frames.ts';
import { saved } from '../policy-store-contract.ts';
import {
  describeWithRedis,
  eventually,
  openReplica,
  rulesOf,
  startRedis,
  type TestReplica,
} from './redis.ts';

const REPLICAS = 20;
const SOCKETS_EACH = 50;
const SAVES = 10;

/** A policy of one rule, which filters or blocks `priority`. */
function policyNamed(name: string, action: 'filter' | 'block') {
  return { rules: [{ name, service_tier: 'priority', action, scope: 'all' }] };
}

/** Open sockets of one replica that are judged by the policy in force at each turn. */
function openSockets({ store }: TestReplica): readonly SocketBench[] {
  const settings = socketsWith({ revision: 'live', onBlock: 'reject_turn' });
  const environment: ExchangeEnvironment & typeof settings = {
    ...settings,
    currentPolicy: () => store.current(),
  };
  return Array.from({ length: SOCKETS_EACH }, () => new SocketBench({ environment }));
}

describeWithRedis('a saved rule', () => {
  it(`judges the next turn of ${REPLICAS * SOCKETS_EACH} live sockets at ${REPLICAS} replicas`, async () => {
    const redis = await startRedis();
    // The poll is too slow to help.
    const pollMilliseconds = 3_600_000;
    const writer = await openReplica(redis, { pollMilliseconds });
    saved(await writer.store.save(policyNamed('first', 'filter'), 0, { author: 'alice', note: '' }));
    const replicas = await Promise.all(
      Array.from({ length: REPLICAS }, () => openReplica(redis, { pollMilliseconds })),
    );
    await eventually(() => {
      for (const { store } of replicas) expect(rulesOf(store)).toEqual(['first']);
    });
    const sockets = new Map(replicas.map((replica) => [replica, openSockets(replica)]));
    const priority = frame(turn({ service_tier: 'priority' }));
    const delays: number[] = [];
    for (let save = 1; save <= SAVES; save += 1) {
      const name = `save ${save}`;
      const started = performance.now();
      const judged = replicas.map(
        (replica) =>
          new Promise<void>((resolve) => {
            const off = replica.store.onChange(() => {
              if (rulesOf(replica.store)?.[0] !== name) return;
              off();
              for (const socket of sockets.get(replica) ?? []) {
                socket.clientSends(priority);
                delays.push(performance.now() - started);
              }
              resolve();
            });
          }),
      );
      saved(await writer.store.save(policyNamed(name, 'filter'), save, { author: 'alice', note: '' }));
      await Promise.all(judged);
      for (const socket of [...sockets.values()].flat()) {
        expect(socket.decisions.pop()).toMatchObject({ rule: name, action: 'filter' });
      }
    }
    delays.sort((left, right) => left - right);
    const at = (share: number): string =>
      (delays[Math.ceil(delays.length * share) - 1] ?? Number.NaN).toFixed(1);
    console.log(
      `from the call of save to a turn judged by it, ${delays.length / SAVES} live sockets, ${SAVES} saves, milliseconds: ` +
        `p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, max ${at(1)}`,
    );
    expect(delays).toHaveLength(REPLICAS * SOCKETS_EACH * SAVES);
  }, 60_000);
});

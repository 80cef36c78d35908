import { expect, it } from 'vitest';
import type { Effect, ExchangeEvent } from '../../../src/exchange/events.ts';
import { createExchangeFactory } from '../../../src/exchange/exchange-factory.ts';
import { redisCommand } from '../../../tools/redis/command.ts';
import type { RunningRedis } from '../../../tools/redis/launch.ts';
import { environmentOf } from '../../exchange/support/environment.ts';
import { NO_CONTEXT, openingOf } from '../../exchange/support/envoy.ts';
import { saved } from '../policy-store-contract.ts';
import { openProxy } from './proxy.ts';
import { describeWithRedis, openReplica, startRedis } from './redis.ts';

/** `priority` is blocked; what goes through when this is lost is what must not. */
const BLOCKING = { rules: [{ name: 'r', service_tier: 'priority', action: 'block', scope: 'all' }] };
const BODY = '{"model":"m","service_tier":"priority"}';
/** Milliseconds that one event may take; one that waited for Redis would take the time-out of a command. */
const AT_ONCE = 800;

type Place = { readonly redis: RunningRedis; readonly proxy: Awaited<ReturnType<typeof openProxy>> };

/** What is done to Redis. */
const FAULTS: Record<string, (at: Place) => unknown> = {
  killed: ({ redis }) => redis.kill(),
  'stopped (SIGSTOP)': ({ redis }) => redis.pause(),
  'back empty': ({ redis }) => redisCommand(redis.port, 'flushall'),
  'resetting its connections': ({ proxy }) => proxy.reset(),
  slow: ({ proxy }) => {
    proxy.delay = 3_000;
  },
  'a replica': ({ redis }) => redisCommand(redis.port, 'replicaof', '127.0.0.1', '1'),
  'out of memory': ({ redis }) => redisCommand(redis.port, 'config', 'set', 'maxmemory', '1'),
  'holding another type': async ({ redis }) => {
    await redisCommand(redis.port, 'del', '{tg:policy}');
    await redisCommand(redis.port, 'set', '{tg:policy}', 'x');
  },
  'holding nonsense': ({ redis }) =>
    redisCommand(redis.port, 'hset', '{tg:policy}', 'document', '{"rules":7}', 'id', 'x'),
};

/** The messages of one request, in two chunks. */
function messages(): readonly ExchangeEvent[] {
  const headers = [
    { name: ':method', value: 'POST' },
    { name: ':path', value: '/v1/responses' },
  ];
  const chunk = (text: string, endOfStream: boolean): ExchangeEvent => ({
    kind: 'body',
    direction: 'request',
    bytes: Buffer.from(text),
    endOfStream,
    context: NO_CONTEXT,
  });
  return [
    { kind: 'headers', direction: 'request', headers, endOfStream: false, context: NO_CONTEXT },
    chunk(BODY.slice(0, 20), false),
    chunk(BODY.slice(20), true),
  ];
}

describeWithRedis('an HTTP request, with Redis', () => {
  it.each(Object.keys(FAULTS))(
    '%s: no message waits, and nothing that is forbidden passes',
    async (name) => {
      // The fault comes before the headers, the first chunk, the last one, and the next request.
      for (const step of [0, 1, 2, 3]) {
        const redis = await startRedis();
        const proxy = await openProxy(redis.port);
        const { store } = await openReplica(`redis://127.0.0.1:${proxy.port}`);
        saved(await store.save(BLOCKING, 0, { author: 'alice', note: '' }));
        const environment = { ...environmentOf(), currentPolicy: () => store.current() };
        const factory = createExchangeFactory(environment);
        for (const request of [0, 1]) {
          const opening = openingOf('FULL_DUPLEX_STREAMED');
          const events = messages();
          const effects: Effect[] = [];
          let exchange: ReturnType<typeof factory> | undefined;
          for (const [index, event] of events.entries()) {
            if (index + request * events.length === step) await FAULTS[name]?.({ redis, proxy });
            const started = performance.now();
            exchange ??= factory(opening, event, started);
            effects.push(...exchange.handle(event, started));
            expect(performance.now() - started).toBeLessThan(AT_ONCE);
          }
          expect(effects.map(({ kind }) => kind)).toEqual(['immediate', 'decision']);
          expect(effects[0]).toMatchObject({ response: { status: 403 } });
        }
        expect(environment.held.held).toBe(0);
      }
    },
    60_000,
  );
});

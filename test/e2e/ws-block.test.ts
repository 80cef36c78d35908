import { beforeAll, describe, expect, it } from 'vitest';
import type { RunningEnvoy } from '../../tools/envoy/launch.ts';
import { expectHealthyExtProc } from './support/expect.ts';
import {
  BLOCK_PRIORITY,
  badMessage,
  blockMany,
  LIVE_BEHAVIOURS,
  openOn,
  repeats,
} from './support/ws-block.ts';
import { opened, openRaw, openWs, wsClient } from './support/ws-client.ts';
import {
  accessLogOf,
  expectErrorEvent,
  expectEventThenClose,
  expectNothingOf,
  expectUpstream,
} from './support/ws-expect.ts';
import { OPCODE } from './support/ws-frames.ts';
import { BEHAVIOUR_HEADER } from './support/ws-provider.ts';
import { portOf, useSocketStack } from './support/ws-stack.ts';

const PROVIDER_WAIT_MS = 500;
const CLIENT_CLOSE_WAIT_MS = 300;
/** Of the reference configuration. */
const DELAYED_CLOSE_MS = 200;
/** For a busy machine. */
const SLACK_MS = 1_500;

const LIMITS = {
  limits: {
    provider_wait: `${PROVIDER_WAIT_MS}ms`,
    client_close_wait: `${CLIENT_CLOSE_WAIT_MS}ms`,
    drain_grace: '10ms',
    drain: '5s',
  },
};

const CLEAN = '{"type":"response.create","model":"gpt-5.5"}';

describe('a message that is stopped, with the shipped configuration', () => {
  const stack = useSocketStack({ policy: BLOCK_PRIORITY });
  let envoy: RunningEnvoy;

  beforeAll(async () => {
    envoy = await stack().envoy();
  });

  it.each(LIVE_BEHAVIOURS)(
    `brings the event and then Close 1008, ${repeats().recommended} times of ${repeats().recommended}: %s`,
    async (behaviour) => {
      const count = repeats().recommended;
      const times = await blockMany(stack().provider, openOn(portOf(envoy)), behaviour, count);
      const at = (share: number): string =>
        (times[Math.min(count - 1, Math.floor(count * share))] ?? 0).toFixed(1);
      console.info(`block, ${behaviour}: ${count} of ${count}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
    },
    600_000,
  );

  it('is the last one, and those before it count', async () => {
    const secret = 'secret-after-clean';
    const talk = await wsClient.talk(portOf(envoy), {
      headers: { 'x-case': 'after-clean' },
      send: [CLEAN, CLEAN, badMessage(secret)],
    });
    expect(talk.messages.slice(0, 2)).toEqual([CLEAN, CLEAN]);
    expectErrorEvent(talk.messages[2] ?? '');
    expect(talk.close.code).toBe(1008);
    const seen = await stack().provider.socket('after-clean');
    expectUpstream(seen, [CLEAN, CLEAN]);
    expectNothingOf(secret, seen);
    const entry = await accessLogOf(envoy, seen);
    expect(entry.status).toBe(101);
    expect(entry.tiergate).toMatchObject({ action: 'block', code: 'policy_violation' });
  });

  it('stands in one chunk with clean ones: they go on, it does not', async () => {
    const socket = await openRaw(portOf(envoy), { headers: { 'x-case': 'one-chunk' } });
    const frames = [CLEAN, badMessage('secret-one-chunk'), CLEAN];
    await Promise.all(frames.map((text) => socket.text(text)));
    expect((await socket.closed()).code).toBe(1008);
    expectEventThenClose(socket.frames);
    const seen = await stack().provider.socket('one-chunk');
    expectUpstream(seen, [CLEAN]);
    expectNothingOf('secret-one-chunk', seen);
    socket.destroy();
  });

  it('comes in fragments with a Ping between them', async () => {
    const socket = await openRaw(portOf(envoy), { headers: { 'x-case': 'fragments' } });
    const text = badMessage('secret-in-fragments');
    const middle = text.length >> 1;
    await socket.frame({ fin: false, opcode: OPCODE.text, payload: text.slice(0, middle) });
    await socket.frame({ opcode: OPCODE.ping, payload: 'mine' });
    const pongs = () => socket.frames.filter(({ opcode }) => opcode === OPCODE.pong);
    await socket.until(() => pongs().length > 0);
    await socket.frame({ opcode: OPCODE.continuation, payload: text.slice(middle) });
    expect((await socket.closed()).code).toBe(1008);
    expectEventThenClose(socket.frames);
    expect(pongs().map(({ payload }) => payload.toString())).toEqual(['mine']);
    expectNothingOf('secret-in-', await stack().provider.socket('fragments'));
    socket.destroy();
  });

  it('leaves nothing behind', async () => {
    await expectHealthyExtProc(envoy);
  });
});

describe('waits that end', () => {
  const stack = useSocketStack({ policy: BLOCK_PRIORITY, config: LIMITS });
  let envoy: RunningEnvoy;

  beforeAll(async () => {
    envoy = await stack().envoy();
  });

  it('a provider that answers no Ping: a hard stop within limits.provider_wait, five at once', async () => {
    const one = async (number: number): Promise<void> => {
      const name = `mute-${number}`;
      const secret = `secret-${name}`;
      const socket = await openRaw(portOf(envoy), {
        headers: { 'x-case': name, [BEHAVIOUR_HEADER]: 'mute' },
      });
      const started = performance.now();
      await socket.text(badMessage(secret));
      expect(await socket.closed()).toEqual({ code: 1006, reason: '' });
      const took = performance.now() - started;
      expect(took).toBeGreaterThan(PROVIDER_WAIT_MS - 50);
      expect(took).toBeLessThan(PROVIDER_WAIT_MS + DELAYED_CLOSE_MS + SLACK_MS);
      const seen = await stack().provider.socket(name);
      await stack().provider.ended(seen);
      expectNothingOf(secret, seen);
      expect((await accessLogOf(envoy, seen)).details).toContain('tiergate_policy_violation');
      socket.destroy();
    };
    await Promise.all([1, 2, 3, 4, 5].map(one));
  });

  it('a client that answers no Close: it has the event and the Close, and is cut', async () => {
    const socket = await openRaw(portOf(envoy), { headers: { 'x-case': 'deaf' }, onClose: 'ignore' });
    await socket.text(badMessage('secret-deaf'));
    expect((await socket.closed()).code).toBe(1008);
    expectEventThenClose(socket.frames);
    const told = performance.now();
    await socket.disconnected();
    expect(performance.now() - told).toBeLessThan(CLIENT_CLOSE_WAIT_MS + DELAYED_CLOSE_MS + SLACK_MS);
    const seen = await stack().provider.socket('deaf');
    await stack().provider.ended(seen);
    expectNothingOf('secret-deaf', seen);
    const entry = await accessLogOf(envoy, seen);
    expect([entry.details, entry.tiergate?.['action']]).toEqual(['tiergate_policy_violation', 'block']);
  });

  it('leave nothing behind', async () => {
    await expectHealthyExtProc(envoy);
  });
});

describe('websocket.on_block: reject_turn', () => {
  const stack = useSocketStack({
    policy: BLOCK_PRIORITY,
    config: { websocket: { on_block: 'reject_turn' } },
  });
  let envoy: RunningEnvoy;

  beforeAll(async () => {
    envoy = await stack().envoy();
  });

  it.each(LIVE_BEHAVIOURS)(
    'sends the event and keeps the socket and its other lanes: %s',
    async (behaviour) => {
      const name = `lanes-${behaviour}`;
      const socket = await openRaw(portOf(envoy), {
        headers: { 'x-case': name, [BEHAVIOUR_HEADER]: behaviour },
      });
      if (behaviour !== 'silent') await socket.anyByte();
      const lane = (id: string, tier: string, note: string): string =>
        JSON.stringify({
          type: 'response.create',
          model: 'gpt-5.5',
          service_tier: tier,
          stream_id: id,
          note,
        });
      await socket.text(lane('a', 'flex', 'one'));
      await socket.text(lane('b', 'priority', 'secret-lane'));
      await socket.text(lane('a', 'flex', 'two'));
      const seen = await stack().provider.socket(name);
      const isEvent = (text: string): boolean => text.includes('policy_violation');
      if (behaviour === 'fragmented' || behaviour === 'cut-character') {
        // An event has no place within a message of the provider that stays open: the wait for its end is over at last.
        expect((await socket.closed()).code).toBe(1006);
      } else {
        await socket.until(() => socket.messages().some(({ payload }) => isEvent(payload.toString())));
        const events = socket.messages().filter(({ payload }) => isEvent(payload.toString()));
        expect(events).toHaveLength(1);
        expect(expectErrorEvent(events[0]?.payload.toString() ?? '').stream_id).toBe('b');
        await socket.close(1000);
        expect((await socket.closed()).code).toBe(1000);
      }
      expectUpstream(seen, [lane('a', 'flex', 'one'), lane('a', 'flex', 'two')]);
      expectNothingOf('secret-lane', seen);
      socket.destroy();
    },
  );

  it('works for ws', async () => {
    const client = openWs(portOf(envoy), { headers: { 'x-case': 'lanes-ws' } });
    await opened(client);
    const heard: string[] = [];
    const both = new Promise<void>((resolve) => {
      client.on('message', (data) => {
        heard.push(String(data));
        if (heard.length === 2) resolve();
      });
    });
    client.send(badMessage('secret-ws'));
    client.send(CLEAN);
    await both;
    expect(heard.filter((text) => text === CLEAN)).toHaveLength(1);
    expectErrorEvent(heard.find((text) => text !== CLEAN) ?? '');
    client.close(1000);
  });

  it('leaves nothing behind', async () => {
    await expectHealthyExtProc(envoy);
  });
});

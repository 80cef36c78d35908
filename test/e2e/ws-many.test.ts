import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunningEnvoy } from '../../tools/envoy/launch.ts';
import { PLACES, type ReferenceConfig } from '../../tools/envoy/reference.ts';
import { waitFor } from '../../tools/envoy/wait-for.ts';
import { expectHealthyExtProc } from './support/expect.ts';
import { startTraffic } from './support/http-traffic.ts';
import { readMetric } from './support/metrics.ts';
import { openFilesLimit } from './support/open-files.ts';
import { watchMemory } from './support/resident-memory.ts';
import { FLOOD_BYTES, FLOOD_MESSAGES } from './support/ws-behaviours.ts';
import { openRaw } from './support/ws-client.ts';
import { encodeFrame, OPCODE } from './support/ws-frames.ts';
import { BEHAVIOUR_HEADER } from './support/ws-provider.ts';
import type { RawSocket } from './support/ws-raw.ts';
import { portOf, type SocketStack, useSocketStack } from './support/ws-stack.ts';

const MiB = 1024 * 1024;

const WANTED_SOCKETS = 5_000;
/** Files of this process beside sockets: each socket has two here, at the client and at the provider. */
const OTHER_FILES = 500;
const SOCKETS = Math.min(WANTED_SOCKETS, Math.floor((openFilesLimit() - OTHER_FILES) / 2));
const AT_ONCE = 50;

/** Every message asks a tier that the policy takes away, so that one which passes unseen is told from the others. */
const TURN = '{"type":"response.create","model":"gpt-5.5","service_tier":"priority","input":"hi"}';
const TURN_SEEN = '{"type":"response.create","model":"gpt-5.5","input":"hi"}';
const BODY = '{"model":"gpt-5.5","service_tier":"priority","input":"hi"}';
const BODY_SEEN = '{"model":"gpt-5.5","input":"hi"}';

/** Opens sockets, some at a time, and has one turn on each. */
async function openMany(port: number, count: number): Promise<RawSocket[]> {
  const sockets: RawSocket[] = [];
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const socket = await openRaw(port);
      sockets.push(socket);
      await socket.text(TURN);
      await socket.received(1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return sockets;
}

/** Waits until Tiergate has no socket and holds no byte. */
async function expectNothingLeft({ tiergate }: SocketStack): Promise<void> {
  const gauges = ['tiergate_sockets_open', 'tiergate_streams_open', 'tiergate_held_bytes'] as const;
  for (const gauge of gauges) {
    await waitFor(`${gauge} to be 0`, async () => (await readMetric(tiergate.ops, gauge)) === 0 || undefined);
  }
  expect(await readMetric(tiergate.ops, 'tiergate_faults_total')).toBe(0);
}

describe(`${SOCKETS} sockets, all closed at once beside HTTP traffic`, () => {
  const stack = useSocketStack();

  it('no request fails, no message passes unseen', async () => {
    if (SOCKETS < WANTED_SOCKETS) {
      console.info(
        `open files allow ${SOCKETS} sockets only: raise the hard limit (ulimit -Hn) for ${WANTED_SOCKETS}`,
      );
    }
    const envoy = await stack().envoy();
    const { provider, tiergate } = stack();
    const stopTraffic = startTraffic(portOf(envoy), 4, BODY);
    const sockets = await openMany(portOf(envoy), SOCKETS);
    expect(await readMetric(tiergate.ops, 'tiergate_sockets_open')).toBe(SOCKETS);
    for (const socket of sockets) socket.destroy();
    await expectNothingLeft(stack());
    const { answered, failures } = await stopTraffic();

    expect([...failures]).toEqual([]);
    expect(answered).toBeGreaterThan(0);
    expect([...provider.bodies]).toEqual([[BODY_SEEN, answered]]);
    expect(provider.seen).toHaveLength(SOCKETS);
    const messages = provider.seen.flatMap((seen) =>
      seen.messages().map(({ payload }) => payload.toString()),
    );
    expect(messages).toHaveLength(SOCKETS);
    expect(new Set(messages)).toEqual(new Set([TURN_SEEN]));
    expect(await readMetric(tiergate.ops, 'tiergate_sockets_closed_total')).toBe(SOCKETS);
    await expectHealthyExtProc(envoy);
  }, 120_000);
});

/** A message of a megabyte of which every byte has to be read before it can go on, changed. */
const LARGE = `{"type":"response.create","model":"gpt-5.5","service_tier":"priority","input":"${'x'.repeat(FLOOD_BYTES)}"}`;
const LARGE_FRAME = encodeFrame({
  opcode: OPCODE.text,
  payload: LARGE,
  mask: Buffer.from('a1b2c3d4', 'hex'),
});
const STALLED_SOCKETS = 4;
/** Far below what is pushed, far above what is seen. */
const MAX_GROWTH = 96 * MiB;

/**
 * Envoy takes from a connection at one time as much as the listener's limit allows, and for a socket all of it is one
 * chunk, of which Envoy holds up to three copies. The shipped file has one listener for sockets and HTTP, with room
 * for the largest body; this is the limit of a listener for sockets alone.
 */
function limitListener(config: ReferenceConfig): void {
  const limit = config.get([...config.socketRoute(), 'request_body_buffer_limit']);
  config.set([...PLACES.listener, 'per_connection_buffer_limit_bytes'], limit);
}

describe(`a side that does not read, ${STALLED_SOCKETS} × ${FLOOD_MESSAGES} messages of 1 MB`, () => {
  const stack = useSocketStack();
  let envoy: RunningEnvoy;

  /** Opens sockets to a provider that behaves so. */
  const open = (behaviour: string): Promise<RawSocket[]> => {
    const target = { headers: { [BEHAVIOUR_HEADER]: behaviour, 'x-case': behaviour } };
    return Promise.all(Array.from({ length: STALLED_SOCKETS }, () => openRaw(portOf(envoy), target)));
  };
  /** Memory of Tiergate and of Envoy. */
  const watch = () => watchMemory([stack().tiergate.process.pid, envoy.process.pid]);

  beforeAll(async () => {
    envoy = await stack().envoy({ edit: limitListener });
    // The same work without a stall, so that what follows is measured against processes that have done it.
    for (let time = 0; time < 2; time++) {
      const socket = await openRaw(portOf(envoy), { headers: { [BEHAVIOUR_HEADER]: 'flood' } });
      for (let sent = 0; sent < FLOOD_MESSAGES; sent++) await socket.write(LARGE_FRAME);
      await socket.until(() => socket.frames.length === FLOOD_MESSAGES);
      await waitFor('the upload', () => socket.unsent === 0 || undefined);
      socket.destroy();
    }
    await expectNothingLeft(stack());
  });

  /** Waits until `count` stands still. */
  const still = async (count: () => number): Promise<void> => {
    let before = -1;
    await waitFor(
      'the flow to stand still',
      async () => {
        if (count() === before) return true;
        before = count();
        await delay(1_000);
        return undefined;
      },
      30_000,
    );
  };

  it('a provider: its clients are held up, and nobody grows', async () => {
    const before = await watch()();
    const stop = watch();
    const sockets = await open('stalled');
    for (const socket of sockets) {
      for (let sent = 0; sent < FLOOD_MESSAGES; sent++) await socket.write(LARGE_FRAME);
    }
    const unsent = () => sockets.reduce((sum, socket) => sum + socket.unsent, 0);
    await still(unsent);
    const most = await stop();
    const pushed = STALLED_SOCKETS * FLOOD_MESSAGES * LARGE_FRAME.length;
    expect(unsent()).toBeGreaterThan(pushed / 2);
    for (const [index, bytes] of most.entries())
      expect(bytes - (before[index] ?? 0)).toBeLessThan(MAX_GROWTH);
    // Envoy does not read from a client that it holds up, so that only the provider's end can end the socket.
    stack().provider.cut();
    for (const socket of sockets) await socket.disconnected();
    await expectNothingLeft(stack());
  });

  it('a client: its provider is held up, and nobody grows', async () => {
    const before = await watch()();
    const stop = watch();
    const sockets = await open('flood');
    for (const socket of sockets) {
      socket.stall();
      await socket.text(TURN);
    }
    const unsent = () => stack().provider.unsent;
    await waitFor('the flood', () => unsent() > 0 || undefined);
    await still(unsent);
    const most = await stop();
    const pushed = STALLED_SOCKETS * FLOOD_MESSAGES * FLOOD_BYTES;
    expect(unsent()).toBeGreaterThan(pushed / 2);
    for (const [index, bytes] of most.entries())
      expect(bytes - (before[index] ?? 0)).toBeLessThan(MAX_GROWTH);
    for (const socket of sockets) socket.destroy();
    await expectNothingLeft(stack());
  });

  it('leaves nothing behind', async () => {
    await expectHealthyExtProc(envoy);
  });
});

const OPEN = 20;

describe(`${OPEN} sockets with half a message each`, () => {
  const stack = useSocketStack();
  let envoy: RunningEnvoy;

  beforeAll(async () => {
    envoy = await stack().envoy();
  });

  /** Opens the sockets and has their fragments held. */
  const openHalf = async (behaviour: string): Promise<RawSocket[]> => {
    const target = { headers: { [BEHAVIOUR_HEADER]: behaviour } };
    const sockets = await Promise.all(Array.from({ length: OPEN }, () => openRaw(portOf(envoy), target)));
    const payload = TURN.slice(0, -1);
    for (const socket of sockets) await socket.frame({ fin: false, opcode: OPCODE.text, payload });
    const { ops } = stack().tiergate;
    await waitFor(
      'the fragments',
      async () => (await readMetric(ops, 'tiergate_held_bytes')) >= OPEN * payload.length || undefined,
    );
    expect(await readMetric(ops, 'tiergate_sockets_open')).toBe(OPEN);
    return sockets;
  };

  it('leave nothing where the clients vanish', async () => {
    for (const socket of await openHalf('silent')) socket.destroy();
    await expectNothingLeft(stack());
  });

  it('leave nothing where the provider vanishes', async () => {
    const sockets = await openHalf('vanishing');
    for (const socket of sockets) await socket.frame({ opcode: OPCODE.ping });
    for (const socket of sockets) expect((await socket.closed()).code).toBe(1006);
    await expectNothingLeft(stack());
    await expectHealthyExtProc(envoy);
  });

  it('leave nothing where Envoy is stopped, and no message has passed', async () => {
    const sockets = await openHalf('silent');
    await envoy.stop();
    for (const socket of sockets) await socket.disconnected();
    await expectNothingLeft(stack());
    for (const seen of stack().provider.seen) expect(seen.messages()).toEqual([]);
  });
});

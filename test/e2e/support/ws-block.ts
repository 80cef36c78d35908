import { expect } from 'vitest';
import { CUT_FRAGMENT, FRAGMENT, GREETING, LONG_TEXT } from './ws-behaviours.ts';
import { openRaw, type RawTarget } from './ws-client.ts';
import { expectErrorEvent, expectEventThenClose, expectNothingOf } from './ws-expect.ts';
import { OPCODE } from './ws-frames.ts';
import { BEHAVIOUR_HEADER, type SocketProvider } from './ws-provider.ts';
import type { RawSocket } from './ws-raw.ts';

/** A policy under which {@link badMessage} is stopped and everything else is not. */
export const BLOCK_PRIORITY = {
  rules: [
    {
      service_tier: 'priority',
      action: 'block',
      scope: 'all',
      error_message: 'fast mode is disabled for this workspace',
    },
    { service_tier: 'ultrafast', action: 'filter', scope: 'all' },
  ],
};

/** The providers that answer a Ping, by what they do besides. */
export const LIVE_BEHAVIOURS = [
  'silent',
  'greeting',
  'deltas',
  'mid-frame',
  'fragmented',
  'cut-character',
] as const;

/** A turn that the policy stops; nothing of `secret` may reach the provider. */
export function badMessage(secret: string): string {
  return JSON.stringify({
    type: 'response.create',
    model: 'gpt-5.5',
    service_tier: 'priority',
    input: secret,
  });
}

/** What a client has read of a provider before it sends the message that is stopped. */
async function untilProviderHasSpoken(socket: RawSocket, behaviour: string): Promise<void> {
  if (behaviour !== 'silent' && behaviour !== 'mute') await socket.anyByte();
}

let blocks = 0;

/** Opens sockets for one way through Envoy. */
export type Open = (target: RawTarget) => Promise<RawSocket>;

/**
 * Sends a message that is stopped, and one behind it, and asserts what both sides get: what the provider had begun is
 * whole, then the error event, then Close 1008; and upstream nothing of either message.
 *
 * @returns milliseconds from the message to the event
 */
export async function blockOnce(provider: SocketProvider, open: Open, behaviour: string): Promise<number> {
  blocks += 1;
  const name = `block-${behaviour}-${blocks}`;
  const secret = `secret-${name}-${'y'.repeat(blocks % 200)}`;
  const socket = await open({ headers: { 'x-case': name, [BEHAVIOUR_HEADER]: behaviour } });
  await untilProviderHasSpoken(socket, behaviour);
  const started = performance.now();
  await socket.text(badMessage(secret));
  await socket.text(`{"type":"response.cancel","note":"${secret}"}`);
  const close = await socket.closed();
  const took = performance.now() - started;
  expect(close).toEqual({ code: 1008, reason: 'fast mode is disabled for this workspace' });
  const event = expectEventThenClose(socket.frames);
  expect(event.error.message).toBe('fast mode is disabled for this workspace');
  expectBefore(socket, behaviour);

  const seen = await provider.socket(name);
  // This client leaves TCP open, so that its answer to the Close finds its way.
  expect((await provider.closed(seen)).code).toBe(1008);
  socket.destroy();
  expectNothingOf(secret, seen);
  const kinds = seen.frames().map(({ opcode }) => opcode);
  expect(kinds.filter((opcode) => opcode !== OPCODE.ping && opcode !== OPCODE.close)).toEqual([]);
  return took;
}

/** What the client got of the provider: complete messages only, and no Pong that it did not ask for. */
function expectBefore(socket: RawSocket, behaviour: string): void {
  const texts = socket.messages().map(({ payload }) => payload);
  const before = texts.slice(0, -1);
  const [first] = before;
  expect(socket.frames.filter(({ opcode }) => opcode === OPCODE.pong)).toEqual([]);
  expect(socket.incomplete).toHaveLength(0);
  expectErrorEvent(texts.at(-1)?.toString() ?? '');
  if (behaviour === 'greeting') expect(before.map(String)).toEqual([GREETING]);
  if (behaviour === 'mid-frame') expect(before.map(String)).toEqual([LONG_TEXT]);
  if (behaviour === 'fragmented') expect(before.map(String)).toEqual([FRAGMENT]);
  if (behaviour === 'silent') expect(before).toEqual([]);
  if (behaviour !== 'cut-character') return;
  expect(before).toHaveLength(1);
  expect(first?.subarray(0, CUT_FRAGMENT.length).equals(CUT_FRAGMENT)).toBe(true);
  // What ends the message also ends the character: a client that met bytes that are no UTF-8 would close with 1007.
  expect(() => new TextDecoder('utf-8', { fatal: true }).decode(first)).not.toThrow();
}

/** Blocks on many sockets, some at a time. @returns milliseconds of each, sorted */
export async function blockMany(
  provider: SocketProvider,
  open: Open,
  behaviour: string,
  count: number,
): Promise<readonly number[]> {
  const times: number[] = [];
  const AT_A_TIME = 5;
  for (let done = 0; done < count; done += AT_A_TIME) {
    const some = Array.from({ length: Math.min(AT_A_TIME, count - done) }, () =>
      blockOnce(provider, open, behaviour),
    );
    times.push(...(await Promise.all(some)));
  }
  return times.toSorted((a, b) => a - b);
}

/** Opens sockets of HTTP/1.1 on a port. */
export function openOn(port: number): Open {
  return (target) => openRaw(port, target);
}

/** How often each block is repeated: `TEST_SOCKET_REPEATS`, default 20; in each other cell a twentieth of it. */
export function repeats(): { readonly recommended: number; readonly each: number } {
  const recommended = Number(process.env['TEST_SOCKET_REPEATS'] ?? 20);
  if (!Number.isInteger(recommended) || recommended < 1) {
    throw new Error('TEST_SOCKET_REPEATS is no number of repeats');
  }
  return { recommended, each: Math.ceil(recommended / 20) };
}

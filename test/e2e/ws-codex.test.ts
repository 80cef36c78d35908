import { beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../tools/envoy/wait-for.ts';
import { CODEX_VERSION, installCodex } from './support/codex-install.ts';
import { noisyPicture } from './support/codex-picture.ts';
import { type CodexEnd, type CodexTask, runCodex } from './support/codex-run.ts';
import { startTap, type TappedConnection } from './support/codex-tap.ts';
import { expectHealthyExtProc } from './support/expect.ts';
import { ANSWER } from './support/sdk-events.ts';
import { eventsOf } from './support/sdk-provider.ts';
import { ALLOWED, BLOCKED, MESSAGE, useModelStack } from './support/sdk-stack.ts';
import { accessLogOf, decisionsOf } from './support/ws-expect.ts';
import { decodeFrames, messagesOf, OPCODE } from './support/ws-frames.ts';
import { headerOf, type SeenSocket } from './support/ws-provider.ts';

/** Codex sends a picture in base64; this one makes a message of 9 MB. */
const PICTURE_SIDE = 1_500;
/** Codex cuts its messages into fragments of this size. */
const FRAGMENT = 1_048_576;
const BIG = 9_000_000;
/** As Codex writes it. */
const TIER = '"service_tier":"priority",';

type TappedEnd = CodexEnd & { readonly connections: readonly TappedConnection[] };

describe(`Codex CLI ${CODEX_VERSION} through Envoy`, () => {
  const stack = useModelStack();
  let binary = '';
  beforeAll(async () => {
    binary = await installCodex();
  });

  /** Runs Codex behind a relay that keeps what it sends. */
  async function codex(task: Omit<CodexTask, 'binary' | 'port'>): Promise<TappedEnd> {
    const tap = await startTap(stack().port);
    try {
      const end = await runCodex({ binary, port: tap.port, ...task });
      return { ...end, connections: tap.connections() };
    } finally {
      await tap.stop();
    }
  }

  /** The one socket of a run at the provider, and that no turn went over HTTP beside it. */
  function onlySocket(name: string): SeenSocket {
    const { provider } = stack();
    const [socket, ...others] = provider.sockets(name);
    expect([others, provider.requests(name)]).toEqual([[], []]);
    if (socket === undefined) throw new Error('no socket reached the provider');
    return socket;
  }

  /** Asserts that Codex gave up at once, with the words of the policy, and that no turn reached the provider. */
  async function expectBlocked(
    name: string,
    { code, stdout, stderr, connections }: TappedEnd,
  ): Promise<void> {
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(MESSAGE);
    expect(stderr).toContain('policy_violation');
    // Its warm-up and its turn; no third try, and none over HTTP.
    expect(connections.map(({ method }) => method)).toEqual(['GET', 'GET']);
    const { provider, envoy, tiergate } = stack();
    const sockets = provider.sockets(name);
    expect([sockets.length, provider.requests(name)]).toEqual([2, []]);
    for (const socket of sockets) {
      const { tiergate: verdict } = await accessLogOf(envoy, socket);
      expect(verdict).toMatchObject({ action: 'block', code: 'policy_violation', rule: 'fast-mode' });
      expect(await decisionsOf(tiergate, socket, 1)).toMatchObject([
        { action: 'block', tier_asked: 'priority' },
      ]);
      const opcodes = socket.frames().map(({ opcode }) => opcode);
      expect(opcodes.filter((opcode) => opcode !== OPCODE.ping && opcode !== OPCODE.close)).toEqual([]);
    }
  }

  it('has its turn answered over the socket', async () => {
    const end = await codex({ name: 'allowed', model: ALLOWED.text });
    expect([end.code, end.stdout]).toEqual([0, ANSWER]);
    const socket = onlySocket('allowed');
    // Codex offers compression.
    expect(headerOf(socket, 'sec-websocket-extensions')).toBeUndefined();
    const [warmUp, turn, ...more] = eventsOf(socket);
    expect(more).toEqual([]);
    expect(warmUp).toMatchObject({ type: 'response.create', model: ALLOWED.text, generate: false });
    expect(turn).toMatchObject({ type: 'response.create', model: ALLOWED.text });
    const sizes = socket.messages().map(({ payload }) => payload.length);
    expect(await decisionsOf(stack().tiergate, socket, 2)).toMatchObject([
      { action: 'pass', model_asked: ALLOWED.text, bytes: sizes[0] },
      { action: 'pass', model_asked: ALLOWED.text, bytes: sizes[1] },
    ]);
  });

  it('loses service_tier = "fast" on the way and is content', async () => {
    const end = await codex({ name: 'filtered', model: ALLOWED.text, serviceTier: 'fast' });
    expect([end.code, end.stdout]).toEqual([0, ANSWER]);
    expect(end.stderr).not.toContain('ERROR');
    const socket = onlySocket('filtered');
    const events = eventsOf(socket);
    expect(events.map(({ type }) => type)).toEqual(['response.create', 'response.create']);
    for (const event of events) expect(event).not.toHaveProperty('service_tier');
    expect(await decisionsOf(stack().tiergate, socket, 2)).toMatchObject([
      { action: 'filter', tier_asked: 'priority' },
      { action: 'filter', tier_asked: 'priority' },
    ]);
  });

  it('shows why its turn is blocked and ends at once', async () => {
    await expectBlocked(
      'blocked',
      await codex({ name: 'blocked', model: BLOCKED.text, serviceTier: 'fast' }),
    );
  });

  describe('with a picture of 9 MB', () => {
    const picture = noisyPicture(PICTURE_SIDE);

    it('sends fragments of 1 MiB, which go on byte for byte and are judged as one message', async () => {
      const { code, stdout, connections } = await codex({ name: 'picture', model: ALLOWED.text, picture });
      expect([code, stdout]).toEqual([0, ANSWER]);
      const socket = onlySocket('picture');
      expect(connections.map(({ rest }) => rest.equals(socket.bytes))).toEqual([true]);
      const fragments = socket.frames().filter(({ fin, opcode }) => !fin || opcode === OPCODE.continuation);
      expect(fragments.slice(0, -1).map(({ payload }) => payload.length)).toEqual(Array(8).fill(FRAGMENT));
      const size = socket.messages()[1]?.payload.length;
      expect(size).toBeGreaterThan(BIG);
      const [, decision] = await decisionsOf(stack().tiergate, socket, 2);
      expect(decision).toMatchObject({ action: 'pass', model_asked: ALLOWED.text, bytes: size });
    });

    it('loses its tier, and nothing else', async () => {
      const task = { name: 'fast-picture', model: ALLOWED.text, picture, serviceTier: 'fast' };
      const { code, stdout, connections } = await codex(task);
      expect([code, stdout]).toEqual([0, ANSWER]);
      const socket = onlySocket('fast-picture');
      const [, turn] = connections.flatMap(({ rest }) => messagesOf(decodeFrames(rest).frames));
      const text = turn?.payload.toString() ?? '';
      expect(text.split(TIER)).toHaveLength(2);
      expect(socket.messages()[1]?.payload.equals(Buffer.from(text.replace(TIER, '')))).toBe(true);
      const [, decision] = await decisionsOf(stack().tiergate, socket, 2);
      expect(decision).toMatchObject({ action: 'filter', bytes: turn?.payload.length });
    });

    it('is blocked, and not a byte of it goes on', async () => {
      const task = { name: 'blocked-picture', model: BLOCKED.text, picture, serviceTier: 'fast' };
      await expectBlocked(task.name, await codex(task));
      const sockets = stack().provider.sockets(task.name);
      const decisions = await Promise.all(sockets.map((socket) => decisionsOf(stack().tiergate, socket, 1)));
      const sizes = decisions.flat().map(({ bytes }) => Number(bytes));
      expect(Math.max(...sizes)).toBeGreaterThan(BIG);
    });
  });

  it('turns to HTTP where the provider has no sockets, and loses the tier there', async () => {
    stack().provider.refuseSockets('http');
    const end = await codex({ name: 'http', model: ALLOWED.text, serviceTier: 'fast' });
    expect([end.code, end.stdout]).toEqual([0, ANSWER]);
    const [upgrade, post, ...more] = stack().provider.requests('http');
    expect([upgrade?.method, post?.method, more]).toEqual(['GET', 'POST', []]);
    const body = JSON.parse(post?.body.toString() ?? '') as Record<string, unknown>;
    expect(body['model']).toBe(ALLOWED.text);
    expect(body).not.toHaveProperty('service_tier');
  });

  it('is blocked there too, at once with http.block_status: 400', async () => {
    stack().provider.refuseSockets('http-blocked');
    const end = await codex({ name: 'http-blocked', model: BLOCKED.text, serviceTier: 'fast' });
    expect([end.code, end.stdout]).toEqual([1, '']);
    expect(end.stderr).toContain(MESSAGE);
    expect(end.connections.map(({ method }) => method)).toEqual(['GET', 'POST']);
    expect(
      stack()
        .provider.requests('http-blocked')
        .map(({ method }) => method),
    ).toEqual(['GET']);
    // Repeats would come over the same connection.
    expect(end.stderr).not.toContain('Reconnecting');
    const refusals = await waitFor('the decision', () => {
      const found = stack()
        .tiergate.decisions()
        .filter(({ transport, action }) => transport === 'http' && action === 'block');
      return found.length > 0 ? found : undefined;
    });
    expect(refusals).toHaveLength(1);
  });

  it('leaves Envoy without a complaint', async () => {
    await expectHealthyExtProc(stack().envoy);
  });
});

import { describe, expect, it } from 'vitest';
import { environmentOf, routeOf } from '../support/environment.ts';
import { SocketBench, type SocketOptions } from './bench.ts';
import { ALLOWED, BLOCKED, closeOf, limitsWith, pingOf, tailOf } from './dialogue.ts';
import { closeFrame, frame, OPCODES, readFrames, serverFrame } from './frames.ts';

const EMPTY = Buffer.alloc(0);
const HELLO = serverFrame('hello');
const REQUESTS = ['STREAMED', 'FULL_DUPLEX_STREAMED'] as const;
const RESPONSES = ['STREAMED', 'FULL_DUPLEX_STREAMED'] as const;
const PAIRS = REQUESTS.flatMap((request) => RESPONSES.map((response) => ({ request, response })));
const REPORT = environmentOf({ defaults: routeOf({ enforcement: 'report' }) });

/** A socket on which both sides have spoken. */
function open(options: SocketOptions = {}): SocketBench {
  const bench = new SocketBench(options);
  bench.providerSends(HELLO);
  bench.clientSends(frame(ALLOWED));
  bench.takeClient();
  bench.takeUpstream();
  return bench;
}

/** The masked Close that reached the provider, as the only frame. */
function closeUpstream(upstream: Buffer): { readonly code: number; readonly reason: string } {
  const [close, ...more] = readFrames(upstream);
  expect(more).toEqual([]);
  expect(close?.masked).toBe(true);
  return closeOf(close);
}

describe.each(PAIRS)('request $request, response $response', (pair) => {
  describe("the client's Close behind a block", () => {
    it('goes on as our own Close once the client was told', () => {
      const bench = open(pair);
      bench.clientSends(frame(BLOCKED));
      bench.providerSends(HELLO);
      bench.takeUpstream();
      bench.clientSends(closeFrame(1000, 'fine'));
      expect(closeUpstream(bench.takeUpstream())).toEqual({ code: 1008, reason: 'not ultrafast' });
      bench.clientSends(closeFrame(1000));
      bench.clientSends(frame(ALLOWED));
      expect(bench.upstream).toEqual(EMPTY);
      bench.timeOut();
      expect(bench.immediate?.details).toBe('tiergate_policy_violation');
    });

    it.each(['with the message', 'behind it'])('waits for the event where it comes %s', (when) => {
      const bench = open(pair);
      const close = closeFrame(1001);
      if (when === 'behind it') {
        bench.clientSends(frame(BLOCKED));
        bench.clientSends(close);
      } else bench.clientSends(Buffer.concat([frame(BLOCKED), close]));
      const opcodes = readFrames(bench.takeUpstream()).map(({ opcode }) => opcode);
      if (pair.response === 'STREAMED') {
        expect(opcodes).toEqual([OPCODES.ping]);
        bench.providerSends(HELLO);
      } else expect(opcodes).toEqual([OPCODES.close]);
      expect(tailOf(bench.client)).toMatchObject({ close: { code: 1008 } });
      const upstream = bench.takeUpstream();
      if (pair.request === 'FULL_DUPLEX_STREAMED' && pair.response === 'STREAMED') {
        expect(closeUpstream(upstream).code).toBe(1008);
      } else expect(upstream).toEqual(EMPTY);
      bench.providerSends(HELLO);
      expect(bench.takeUpstream()).toEqual(EMPTY);
    });
  });

  describe.each([
    ['operator', 1008, 'ended by the operator'],
    ['draining', 1012, 'the gateway restarts; connect again'],
  ] as const)('a close by %s', (cause, code, reason) => {
    const close = (bench: SocketBench) => bench.event({ kind: 'close', cause });

    it('sends a Close alone, and nothing of the client behind it', () => {
      const bench = open(pair);
      bench.clientSends(frame(ALLOWED, { fin: false }));
      close(bench);
      if (pair.response === 'STREAMED') {
        expect(bench.client).toEqual(EMPTY);
        expect(bench.timer).toBe(2_000);
        const pinged = pair.request === 'FULL_DUPLEX_STREAMED';
        expect(readFrames(bench.takeUpstream()).map(({ opcode }) => opcode)).toEqual(
          pinged ? [OPCODES.ping] : [],
        );
        bench.providerSends(HELLO);
      }
      const [said, ...more] = readFrames(bench.client);
      expect(more).toEqual([]);
      expect(closeOf(said)).toEqual({ code, reason });
      expect(bench.timer).toBe(1_000);
      bench.clientSends(frame('"the rest"', { opcode: OPCODES.continuation }));
      bench.clientSends(frame('{"type":"session.update"}'));
      expect(bench.upstream).toEqual(EMPTY);
      bench.clientSends(closeFrame(code));
      expect(closeUpstream(bench.upstream)).toEqual({ code, reason });
      // Once is enough.
      close(bench);
      bench.event({ kind: 'close', cause: 'operator' });
      bench.end();
      expect(readFrames(bench.client)).toHaveLength(1);
      expect(bench.decisions).toHaveLength(1);
      expect(bench.notes.at(-1)).toMatchObject({ end: cause, code: undefined, told: true, turns: 1 });
      expect(bench.environment.held.held).toBe(0);
    });

    it('asks a silent provider with the next bytes of the client, and cuts after the wait', () => {
      const bench = open({ ...pair, response: 'STREAMED' });
      close(bench);
      bench.clientSends(frame(ALLOWED));
      bench.clientSends(frame('p', { opcode: OPCODES.ping }));
      const ping = pingOf(bench.upstream);
      expect(readFrames(bench.upstream)).toHaveLength(1);
      expect(ping.payload).not.toEqual(Buffer.from('p'));
      bench.timeOut();
      expect(bench.immediate).toMatchObject({ status: 503, details: `tiergate_${cause}` });
      bench.end();
      expect(bench.notes.at(-1)).toMatchObject({ end: cause, told: false });
    });

    it('holds under report, where nothing of ours follows half a frame of the client', () => {
      const bench = open({ ...pair, environment: REPORT });
      const message = frame(ALLOWED);
      bench.clientSends(message.subarray(0, 9));
      expect(bench.takeUpstream()).toEqual(message.subarray(0, 9));
      close(bench);
      bench.clientSends(message.subarray(9));
      bench.providerSends(HELLO);
      expect(readFrames(bench.client)).toHaveLength(1);
      bench.clientSends(closeFrame(code));
      bench.clientSends(frame(ALLOWED));
      expect(bench.upstream).toEqual(EMPTY);
    });

    it('says nothing to a provider that the client has sent a Close', () => {
      const bench = open(pair);
      bench.clientSends(closeFrame(1000));
      expect(bench.takeUpstream()).toEqual(closeFrame(1000));
      close(bench);
      bench.clientSends(frame(ALLOWED));
      bench.providerSends(HELLO);
      expect(bench.upstream).toEqual(EMPTY);
      expect(closeOf(readFrames(bench.client)[0]).code).toBe(code);
    });

    it('comes before the answer to the handshake', () => {
      const bench = new SocketBench({ ...pair, status: null });
      close(bench);
      expect(bench.timer).toBe(2_000);
      bench.timeOut();
      expect(bench.immediate).toMatchObject({ status: 503, details: `tiergate_${cause}` });
      bench.answer('101');
      expect(bench.replies).toHaveLength(1);
    });
  });

  describe('limits', () => {
    const environment = environmentOf(limitsWith({ providerWait: 70, clientCloseWait: 30 }));

    it('cut the socket where the provider stays silent', () => {
      const bench = new SocketBench({ ...pair, environment });
      bench.clientSends(frame(BLOCKED));
      expect(bench.timer).toBe(70);
      bench.timeOut();
      expect(bench.timer).toBeUndefined();
      expect(bench.immediate).toMatchObject({ status: 403, details: 'tiergate_policy_violation' });
      expect(bench.immediate?.body).toEqual(EMPTY);
      expect(bench.client).toEqual(EMPTY);
      const { length } = bench.replies;
      bench.providerSends(HELLO);
      bench.clientSends(frame(ALLOWED));
      bench.event({ kind: 'timer' });
      expect(bench.replies).toHaveLength(length);
      bench.end();
      expect(bench.notes.at(-1)).toMatchObject({ end: 'refused', code: 'policy_violation', told: false });
    });

    it('cut the socket where the client does not answer the Close', () => {
      const bench = new SocketBench({ ...pair, environment });
      bench.clientSends(frame(BLOCKED));
      bench.providerSends(HELLO);
      expect(bench.timer).toBe(30);
      bench.providerSends(HELLO);
      bench.timeOut();
      expect(bench.immediate?.details).toBe('tiergate_policy_violation');
      bench.end();
      expect(bench.notes.at(-1)).toMatchObject({ end: 'refused', told: true });
    });
  });

  describe('a message of Envoy that does not fit', () => {
    it.each([
      ['enforce', environmentOf()],
      ['report', REPORT],
    ] as const)('ends the socket at once under %s', (enforcement, environment) => {
      const bench = open({ ...pair, environment });
      bench.clientSends(frame(ALLOWED).subarray(0, 20));
      bench.event({ kind: 'overloaded' });
      expect(bench.immediate).toMatchObject({
        status: 503,
        details: 'tiergate_overloaded',
        metadata: { action: 'refuse', code: 'overloaded', enforced: true },
      });
      expect(bench.decisions[1]).toMatchObject({
        action: 'refuse',
        code: 'overloaded',
        enforced: true,
        enforcement,
        transport: 'websocket',
      });
      const { length } = bench.replies;
      bench.clientSends(frame(ALLOWED));
      expect(bench.replies).toHaveLength(length);
      bench.end();
      expect(bench.notes.at(-1)).toMatchObject({ end: 'refused', code: 'overloaded', told: false });
      expect(bench.environment.held.held).toBe(0);
    });

    it('only hastens an end that is under way', () => {
      const bench = open(pair);
      bench.clientSends(frame(BLOCKED));
      bench.providerSends(HELLO);
      bench.event({ kind: 'overloaded' });
      expect(bench.immediate?.details).toBe('tiergate_policy_violation');
      expect(bench.decisions.map(({ code }) => code)).toEqual([undefined, 'policy_violation']);
      bench.end();
      expect(bench.notes.at(-1)).toMatchObject({ code: 'policy_violation', told: true });
    });
  });
});

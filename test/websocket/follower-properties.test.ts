import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeServerClose, encodeServerText } from '../../src/websocket/encode.ts';
import { ServerFollower } from '../../src/websocket/server-follower.ts';
import { hear, told } from './oracle.ts';
import { CUTS, damagedBytes, type StreamFrame, validFrames } from './streams.ts';
import { CODES, cut, server } from './support.ts';

/** The places behind each frame, and behind each message. */
function edgesOf(frames: readonly StreamFrame[]): { frame: Set<number>; message: Set<number> } {
  const edges = { frame: new Set([0]), message: new Set([0]) };
  let at = 0;
  let open = false;
  for (const { bytes, opcode, fin } of frames) {
    at += bytes.length;
    if (opcode <= CODES.binary) open = !fin;
    edges.frame.add(at);
    if (!open) edges.message.add(at);
  }
  return edges;
}

/** What a listener heard, as the oracle tells messages. */
function listen(follower: ServerFollower): string[] {
  const messages: string[] = [];
  let parts: Uint8Array[] = [];
  follower.onPayload = (bytes, end, opcode) => {
    parts.push(bytes);
    if (!end) return;
    messages.push(told(opcode, Buffer.concat(parts)));
    parts = [];
  };
  return messages;
}

const isMessage = (event: string) => event.startsWith('text') || event.startsWith('binary');

describe('any cut of what a server sends', () => {
  it('finds the same boundaries and hears the same messages; all bytes go on', () => {
    fc.assert(
      fc.property(validFrames('server'), CUTS, (frames, places) => {
        const bytes = Buffer.concat(frames.map((one) => one.bytes));
        const edges = edgesOf(frames);
        const follower = new ServerFollower();
        const messages = listen(follower);
        const out: Uint8Array[] = [];
        let at = 0;
        for (const chunk of cut(bytes, places)) {
          out.push(...follower.follow(chunk));
          at += chunk.length;
          expect([at, follower.atFrameBoundary]).toEqual([at, edges.frame.has(at)]);
          expect([at, follower.atMessageBoundary]).toEqual([at, edges.message.has(at)]);
        }
        const heard = hear('client', [bytes]);
        expect(Buffer.concat(out).equals(bytes)).toBe(true);
        expect(messages).toEqual(heard.events.filter(isMessage));
        expect(follower.closed).toBe(heard.events.some((event) => event.startsWith('close')));
      }),
      { numRuns: 200 },
    );
  });

  it('takes our Pong out once', () => {
    const payloads = fc.uint8Array({ maxLength: 12 });
    fc.assert(
      fc.property(
        validFrames('server'),
        payloads,
        fc.array(fc.nat(30), { maxLength: 3 }),
        CUTS,
        (frames, payload, at, places) => {
          const pong = server(CODES.pong, payload);
          const parts = frames.map((one) => one.bytes);
          for (const place of at) parts.splice(place % (parts.length + 1), 0, pong);
          const expected = [...parts];
          const ours = expected.findIndex((part) => part.equals(pong));
          if (ours >= 0) expected.splice(ours, 1);
          const follower = new ServerFollower();
          follower.dropPong(payload);
          let passed = 0;
          let given = 0;
          const out: Uint8Array[] = [];
          for (const chunk of cut(Buffer.concat(parts), places)) {
            const some = follower.follow(chunk);
            out.push(...some);
            given += chunk.length;
            passed += some.reduce((sum, { length }) => sum + length, 0);
            expect(given - passed).toBeLessThanOrEqual(2 * pong.length);
          }
          expect(Buffer.concat(out).equals(Buffer.concat(expected))).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('gives a place for an event and a Close that the oracle reads', () => {
    const seen = { frame: 0, message: 0, ended: 0 };
    const boundaries = fc.constantFrom('frame' as const, 'message' as const);
    fc.assert(
      fc.property(
        validFrames('server'),
        fc.nat(20_000),
        CUTS,
        boundaries,
        (frames, place, places, boundary) => {
          const bytes = Buffer.concat(frames.map((one) => one.bytes));
          const start = place % (bytes.length + 1);
          const edges = [...edgesOf(frames)[boundary]];
          const end = edges.find((edge) => edge >= start);
          const follower = new ServerFollower();
          const out = [...follower.follow(bytes.subarray(0, start))];
          if (follower.closed) return;
          let reached = false;
          for (const chunk of [Buffer.alloc(0), ...cut(bytes.subarray(start), places)]) {
            if (reached) break;
            const followed = follower.followTo(boundary, chunk);
            out.push(...followed.before);
            reached = followed.reached;
          }
          expect(reached).toBe(end !== undefined);
          expect(Buffer.concat(out).equals(bytes.subarray(0, end))).toBe(true);
          if (!reached || follower.closed) return;
          const ending = follower.endOpenMessage();
          if (boundary === 'message') expect(ending).toBeUndefined();
          if (ending !== undefined) out.push(ending);
          const complete = hear('client', [bytes.subarray(0, end)]).events;
          const heard = hear('client', [...out, encodeServerText('event'), encodeServerClose(1008, 'why')]);
          expect(heard.error).toBeUndefined();
          expect(heard.events.slice(0, complete.length)).toEqual(complete);
          const behind = heard.events.slice(complete.length);
          expect(behind.slice(-2)).toEqual([told('text', Buffer.from('event')), told('close', 1008)]);
          expect(behind).toHaveLength(ending === undefined ? 2 : 3);
          seen[ending === undefined ? boundary : 'ended'] += 1;
        },
      ),
      { numRuns: 400 },
    );
    for (const [kind, count] of Object.entries(seen)) expect([kind, count > 10]).toEqual([kind, true]);
  });
});

describe('damaged bytes of a server', () => {
  const losing = ['WS_ERR_EXPECTED_FIN', 'WS_ERR_INVALID_OPCODE', 'WS_ERR_UNEXPECTED_MASK'];

  it('all go on; it is lost where the oracle finds no frame', () => {
    const seen = { lost: 0, followed: 0 };
    fc.assert(
      fc.property(damagedBytes('server'), CUTS, (bytes, places) => {
        const follower = new ServerFollower();
        const out = cut(bytes, places).flatMap((chunk) => [...follower.follow(chunk)]);
        expect(Buffer.concat(out).equals(bytes)).toBe(true);
        const { error, events } = hear('client', [bytes]);
        seen[follower.lost ? 'lost' : 'followed'] += 1;
        const closed = events.some((event) => event.startsWith('close'));
        if (follower.lost) expect([error !== undefined, closed]).toContain(true);
        else if (error !== undefined && losing.includes(error)) {
          // The oracle did not wait for the rest of a head.
          follower.follow(Buffer.alloc(8));
          expect(follower.lost).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
    for (const [kind, count] of Object.entries(seen)) expect([kind, count > 20]).toEqual([kind, true]);
  });
});

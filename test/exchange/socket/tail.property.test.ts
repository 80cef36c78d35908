import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hear } from '../../websocket/oracle.ts';
import { SocketBench } from './bench.ts';
import { CUTS, cut, framesOf, MODE, messagesOf, SHAPE } from './conversations.ts';
import { BLOCKED, eventOf, socketsWith, tailOf } from './dialogue.ts';
import { frame, OPCODES, type ReadFrame, readFrames, serverFrame } from './frames.ts';

const TEXT = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.toWellFormed()),
  fc.constant('é€𝄞\u0800\u{10000}\ud7ff'.repeat(3)),
);
/** What a provider sends: valid messages, fragmented anywhere, also inside a character. */
const PROVIDER = fc
  .array(fc.tuple(TEXT, SHAPE), { minLength: 1, maxLength: 4 })
  .map((messages) =>
    messages.flatMap(([text, shape]) => framesOf(text, shape, 'server')).map(({ bytes }) => bytes),
  );

test('event and Close reach the client in this order, whatever the provider is doing', () => {
  fc.assert(
    fc.property(PROVIDER, CUTS, fc.nat(10_000), MODE, MODE, (frames, cuts, when, request, response) => {
      const bench = new SocketBench({ request, response });
      const bytes = Buffer.concat(frames);
      const chunks = cut(bytes, cuts);
      const at = when % (chunks.length + 1);
      for (const chunk of chunks.slice(0, at)) bench.providerSends(chunk);
      bench.clientSends(frame(BLOCKED));
      for (const chunk of chunks.slice(at)) bench.providerSends(chunk);
      const ping = readFrames(bench.upstream).find(({ opcode }) => opcode === OPCODES.ping);
      bench.providerSends(serverFrame(ping?.payload ?? '', { opcode: OPCODES.pong }));

      const { before, event, close } = tailOf(bench.client);
      expect(event.error.code).toBe('policy_violation');
      expect(close).toEqual({ code: 1008, reason: 'not ultrafast' });
      const whole = readFrames(bytes);
      // All frames of the provider up to some place, and at most one that ends an open message.
      const ended =
        before.length > 0 && !sameFrames(before, whole.slice(0, before.length))
          ? before.slice(0, -1)
          : before;
      expect(sameFrames(ended, whole.slice(0, ended.length))).toBe(true);
      if (ended !== before) expect(before.at(-1)).toMatchObject({ opcode: OPCODES.continuation, fin: true });
      messagesOf(before);

      const heard = hear('client', cut(bench.client, cuts));
      expect(heard.error).toBeUndefined();
      expect(heard.events.at(-1)).toBe('close 1008');
      const said = heard.events.at(-2)?.split(' ') ?? [];
      expect(said[0]).toBe('text');
      expect(JSON.parse(Buffer.from(said[1] ?? '', 'hex').toString())).toEqual(event);
    }),
    { numRuns: 300 },
  );
});

test('with reject_turn the client gets all that the provider sends, and events only between messages', () => {
  const environment = socketsWith({ onBlock: 'reject_turn' });
  fc.assert(
    fc.property(
      PROVIDER,
      CUTS,
      fc.array(fc.nat(10_000), { minLength: 1, maxLength: 3 }),
      MODE,
      MODE,
      (frames, cuts, when, request, response) => {
        const bench = new SocketBench({ environment, request, response });
        const bytes = Buffer.concat(frames);
        const chunks = cut(bytes, cuts);
        const places = when.map((place) => place % (chunks.length + 1));
        for (const [index, chunk] of [...chunks, undefined].entries()) {
          for (const place of places) if (place === index) bench.clientSends(frame(BLOCKED));
          if (chunk !== undefined) bench.providerSends(chunk);
        }
        const pings = readFrames(bench.upstream).filter(({ opcode }) => opcode === OPCODES.ping);
        for (const { payload } of pings) bench.providerSends(serverFrame(payload, { opcode: OPCODES.pong }));

        const messages = messagesOf(readFrames(bench.client));
        const events = messages.filter(({ payload }) => payload.includes('"policy_violation"'));
        expect(events).toHaveLength(when.length);
        for (const { payload } of events) {
          expect(eventOf({ fin: true, masked: false, opcode: OPCODES.text, payload }).status).toBe(400);
        }
        const rest = messages.filter((message) => !events.includes(message));
        expect(rest).toEqual(messagesOf(readFrames(bytes)));
        expect(hear('client', cut(bench.client, cuts))).toMatchObject({ error: undefined });
        expect(bench.timer).toBeUndefined();
      },
    ),
    { numRuns: 200 },
  );
});

function sameFrames(one: readonly ReadFrame[], other: readonly ReadFrame[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ fin, opcode, payload }, index) => {
      const twin = other[index];
      return twin !== undefined && twin.fin === fin && twin.opcode === opcode && twin.payload.equals(payload);
    })
  );
}

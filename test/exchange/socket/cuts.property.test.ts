import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Decision } from '../../../src/exchange/decision.ts';
import { environmentOf, policyOf, routeOf } from '../support/environment.ts';
import { SocketBench } from './bench.ts';
import { CUTS, cut, framesOf, MESSAGE, MODE, messagesOf, SHAPE, type Shape } from './conversations.ts';
import { socketsWith } from './dialogue.ts';
import { OPCODES, readFrames } from './frames.ts';

const CONVERSATION = fc.array(fc.tuple(MESSAGE, SHAPE), { minLength: 1, maxLength: 5 });
const plain = (shape: Shape): Shape => ({ ...shape, places: [], controls: [] });

/** Messages that reached the provider, without control frames. */
const dataOf = (upstream: Buffer) => {
  const frames = readFrames(upstream);
  expect(frames.every(({ masked }) => masked)).toBe(true);
  return messagesOf(frames).filter(({ opcode }) => opcode < OPCODES.close);
};
const verdictsOf = (decisions: readonly Decision[]) => decisions.map(({ duration_ms: _, ...rest }) => rest);

test.each(['close', 'reject_turn'] as const)(
  'any cut, fragmentation and interleaving of control frames is judged like whole messages, with on_block: %s',
  (onBlock) => {
    fc.assert(
      fc.property(CONVERSATION, CUTS, MODE, MODE, (conversation, cuts, request, response) => {
        const environment = socketsWith({ onBlock });
        const whole = new SocketBench({ environment });
        for (const [message, shape] of conversation) {
          for (const { bytes } of framesOf(message, plain(shape), 'client')) whole.clientSends(bytes);
        }
        const bench = new SocketBench({ environment, request, response });
        const frames = conversation.flatMap(([message, shape]) => framesOf(message, shape, 'client'));
        for (const chunk of cut(Buffer.concat(frames.map(({ bytes }) => bytes)), cuts))
          bench.clientSends(chunk);
        expect(verdictsOf(bench.decisions)).toEqual(verdictsOf(whole.decisions));
        expect(dataOf(bench.upstream)).toEqual(dataOf(whole.upstream));
        expect(bench.environment.held.held).toBeLessThan(140);
        expect(bench.notes).toEqual(whole.notes);
      }),
      { numRuns: 150 },
    );
  },
);

test('what is not changed goes on with its very bytes, and control frames in their order', () => {
  const environment = environmentOf({}, { policy: policyOf([]) });
  // `fast` goes on as `priority`, whatever the rules say.
  const unchanged = MESSAGE.map((text) => text.replace('"fast"', '"priority"'));
  const conversations = fc.array(fc.tuple(unchanged, SHAPE), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(conversations, CUTS, MODE, (conversation, cuts, request) => {
      const bench = new SocketBench({ environment, request });
      const frames = conversation.flatMap(([message, shape]) => framesOf(message, shape, 'client'));
      for (const chunk of cut(Buffer.concat(frames.map(({ bytes }) => bytes)), cuts))
        bench.clientSends(chunk);
      for (const control of [true, false]) {
        const sent = frames.filter((one) => one.control === control).map(({ bytes }) => bytes);
        const arrived = wireFrames(bench.upstream).filter((one) => one.control === control);
        expect(Buffer.concat(arrived.map(({ bytes }) => bytes))).toEqual(Buffer.concat(sent));
      }
    }),
    { numRuns: 150 },
  );
});

test('under report every chunk goes on as it came, whatever is in it', () => {
  const environment = environmentOf({ defaults: routeOf({ enforcement: 'report' }) });
  const rubbish = fc.uint8Array({ maxLength: 30 });
  fc.assert(
    fc.property(CONVERSATION, CUTS, MODE, rubbish, (conversation, cuts, request, behind) => {
      const bench = new SocketBench({ environment, request });
      const frames = conversation.flatMap(([message, shape]) => framesOf(message, shape, 'client'));
      const bytes = Buffer.concat([...frames.map((one) => one.bytes), behind]);
      for (const chunk of cut(bytes, cuts)) {
        bench.clientSends(chunk);
        expect(bench.takeUpstream().equals(chunk)).toBe(true);
      }
      bench.end();
      expect(environment.held.held).toBe(0);
    }),
    { numRuns: 150 },
  );
});

/** The frames of some bytes with their masks. */
function wireFrames(bytes: Buffer): { readonly control: boolean; readonly bytes: Buffer }[] {
  let at = 0;
  return readFrames(bytes).map(({ opcode, payload }) => {
    const length = payload.length + (payload.length < 126 ? 6 : payload.length < 65_536 ? 8 : 14);
    const frame = bytes.subarray(at, at + length);
    at += length;
    return { control: opcode >= OPCODES.close, bytes: frame };
  });
}

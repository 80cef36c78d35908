import { describe, expect, it } from 'vitest';
import type { ExchangeSettings } from '../../../src/exchange/settings.ts';
import { environmentOf, policyOf, routeOf, TestBudget } from '../support/environment.ts';
import { SocketBench } from './bench.ts';
import { ALLOWED, BLOCKED, limitsWith, socketsWith, tailOf, turn } from './dialogue.ts';
import { closeFrame, frame, OPCODES, readFrames, serverFrame } from './frames.ts';

const EMPTY = Buffer.alloc(0);
const HELLO = serverFrame('hello');

const FAULTS: readonly (readonly [string, Buffer, string, number, Partial<ExchangeSettings>?])[] = [
  ['a frame without a mask', frame(ALLOWED, { mask: undefined }), 'protocol_error', 1002],
  ['a compressed frame', frame(ALLOWED, { rsv: 4 }), 'protocol_error', 1002],
  ['a reserved opcode', frame(ALLOWED, { opcode: 3 }), 'protocol_error', 1002],
  ['a continuation of nothing', frame(ALLOWED, { opcode: 0 }), 'protocol_error', 1002],
  [
    'a message inside another one',
    Buffer.concat([frame('a', { fin: false }), frame(ALLOWED)]),
    'protocol_error',
    1002,
  ],
  ['a Ping in fragments', frame('p', { opcode: OPCODES.ping, fin: false }), 'protocol_error', 1002],
  ['a Ping of 126 bytes', frame('p'.repeat(126), { opcode: OPCODES.ping }), 'protocol_error', 1002],
  ['a Close with a forbidden code', closeFrame(1005), 'protocol_error', 1002],
  ['a Close of one byte', frame(Buffer.of(3), { opcode: OPCODES.close }), 'protocol_error', 1002],
  [
    'a Close whose reason is no text',
    frame(Buffer.of(3, 232, 0xff), { opcode: OPCODES.close }),
    'invalid_utf8',
    1007,
  ],
  [
    'a length that is not in its shortest form',
    Buffer.from('81fe0005112233440000000000', 'hex'),
    'protocol_error',
    1002,
  ],
  ['text that is not UTF-8', frame(Buffer.from('{"a":"\xff"}', 'latin1')), 'invalid_utf8', 1007],
  ['a message over the limit', frame(ALLOWED), 'message_too_large', 1009, limitsWith({ message: 20 })],
  [
    'fragments that are together over the limit',
    Buffer.concat([frame('x'.repeat(15), { fin: false }), frame('y'.repeat(6), { opcode: 0 })]),
    'message_too_large',
    1009,
    limitsWith({ message: 20 }),
  ],
  [
    'the announcement of a huge message',
    Buffer.from('82ff7fffffffffffffff11223344', 'hex'),
    'message_too_large',
    1009,
  ],
  [
    'too many fragments, empty ones too',
    Buffer.concat([
      frame('', { fin: false }),
      frame('', { fin: false, opcode: 0 }),
      frame('', { fin: false, opcode: 0 }),
    ]),
    'message_too_large',
    1009,
    limitsWith({ fragments: 2 }),
  ],
  ['a message that is no JSON', frame('{"type":'), 'malformed_json', 1008],
  ['binary that is not UTF-8', frame(Buffer.of(0x7b, 0xff, 0x7d), { opcode: 2 }), 'malformed_json', 1008],
  ['JSON that is nested too deeply', frame('{"a":'.repeat(70)), 'json_too_deep', 1008],
];

describe.each(['close', 'reject_turn'] as const)('with on_block: %s', (onBlock) => {
  const readable = (code: string) => code === 'malformed_json' || code === 'json_too_deep';
  const cases = FAULTS.map(([name, bytes, code, closeCode, settings = {}]) => ({
    name,
    bytes,
    code,
    closeCode,
    settings,
  })).filter(({ code }) => onBlock === 'close' || !readable(code));

  describe.each(['STREAMED', 'FULL_DUPLEX_STREAMED'] as const)('response %s', (response) => {
    it.each(cases)('$name', ({ bytes, code, closeCode, settings }) => {
      for (const size of [bytes.length, 1]) {
        const bench = new SocketBench({ environment: socketsWith({ onBlock }, settings), response });
        bench.clientSends(frame('{"type":"clean"}'));
        bench.takeUpstream();
        for (let at = 0; at < bytes.length; at += size) bench.clientSends(bytes.subarray(at, at + size));
        for (const behind of [frame(ALLOWED), Buffer.from('rubbish')]) bench.clientSends(behind);
        bench.providerSends(HELLO);
        const { event, close, before } = tailOf(bench.client);
        expect(before).toEqual([]);
        expect(event).toMatchObject({ status: 400, error: { code, type: 'invalid_request_error' } });
        expect(close.code).toBe(closeCode);
        expect(event.error.message.startsWith(close.reason.slice(0, 100))).toBe(true);
        expect(readFrames(bench.upstream).map(({ opcode }) => opcode)).toEqual([OPCODES.ping]);
        expect(bench.decisions).toMatchObject([{ action: 'refuse', code, enforced: true }]);
        expect(bench.environment.held.held).toBeLessThan(15);
        bench.end();
        expect(bench.environment.held.held).toBe(0);
        expect(bench.notes.at(-1)).toMatchObject({ end: 'refused', code, told: true, turns: 0 });
      }
    });
  });
});

it('finishes the closing handshake where the frames can still be read', () => {
  const bench = new SocketBench({ environment: environmentOf(limitsWith({ message: 20 })) });
  bench.clientSends(frame(ALLOWED));
  bench.providerSends(HELLO);
  bench.takeUpstream();
  bench.clientSends(closeFrame(1009));
  expect(readFrames(bench.upstream)[0]?.payload.readUInt16BE()).toBe(1009);
});

it('cuts the reason of a Close at a character, and says all in the event', () => {
  const error_message = 'é'.repeat(100);
  const rules = [{ service_tier: 'ultrafast', action: 'block', scope: 'all', error_message }];
  const environment = environmentOf({}, { policy: policyOf(rules) });
  const bench = new SocketBench({ environment });
  bench.clientSends(frame(BLOCKED));
  bench.providerSends(HELLO);
  const { event, close } = tailOf(bench.client);
  expect(event.error.message).toBe(error_message);
  expect(close.reason).toBe('é'.repeat(61));
});

it.each([400, 403, 429])('has the status %i of websocket.block_status in the event', (blockStatus) => {
  const bench = new SocketBench({ environment: socketsWith({ blockStatus }) });
  bench.clientSends(frame(BLOCKED));
  bench.providerSends(HELLO);
  const type = { 400: 'invalid_request_error', 403: 'permission_error', 429: 'rate_limit_error' }[
    blockStatus
  ];
  expect(tailOf(bench.client).event).toMatchObject({ status: blockStatus, error: { type } });
});

describe('limits.held_total', () => {
  const limited = (limit: number) => {
    const held = new TestBudget(limit);
    return new SocketBench({ environment: environmentOf({}, { held }), response: 'FULL_DUPLEX_STREAMED' });
  };

  it('is taken by what is incomplete, and given back behind it', () => {
    const bench = limited(1_000);
    const { held } = bench.environment;
    const message = frame(turn({ input: 'x'.repeat(300) }));
    bench.clientSends(message.subarray(0, 100));
    expect(held.held).toBe(100);
    bench.clientSends(message.subarray(100, 300));
    expect(held.held).toBe(300);
    bench.clientSends(Buffer.concat([message.subarray(300), message.subarray(0, 7)]));
    expect(held.held).toBe(7);
    bench.clientSends(message.subarray(7));
    expect(held.held).toBe(0);
    // A message that is complete with its chunk takes nothing.
    bench.clientSends(frame(turn({ input: 'x'.repeat(5_000) })));
    expect(bench.decisions).toHaveLength(3);
  });

  it('ends the socket where there is no room, with a status that says: later', () => {
    const bench = limited(100);
    bench.providerSends(HELLO);
    bench.clientSends(frame(turn({ input: 'x'.repeat(300) })).subarray(0, 101));
    const { event, close } = tailOf(bench.client);
    expect(event).toMatchObject({ status: 503, error: { code: 'overloaded', type: 'server_error' } });
    expect(close.code).toBe(1008);
    expect(bench.upstream).toEqual(EMPTY);
    expect(bench.environment.held.held).toBe(0);
    expect(bench.decisions).toMatchObject([{ code: 'overloaded', enforced: true }]);
    bench.end();
    expect(bench.notes.at(-1)).toMatchObject({ end: 'refused', code: 'overloaded', told: true });
  });

  it.each(['enforce', 'report'] as const)(
    'is not taken behind the end of judging, under %s',
    (enforcement) => {
      const held = new TestBudget(400);
      const environment = environmentOf({ defaults: routeOf({ enforcement }) }, { held });
      const bench = new SocketBench({ environment });
      const message = frame(turn({ input: 'x'.repeat(1_000) }));
      bench.clientSends(enforcement === 'enforce' ? frame(BLOCKED) : message.subarray(0, 500));
      for (let at = enforcement === 'enforce' ? 0 : 500; at < message.length; at += 50) {
        bench.clientSends(message.subarray(at, at + 50));
        expect(held.held).toBeLessThan(15);
      }
      bench.clientSends(message.subarray(0, 300));
      expect(held.held).toBe(0);
      expect(bench.decisions).toHaveLength(1);
    },
  );

  it('is not needed for an end', () => {
    const bench = limited(10);
    bench.clientSends(frame(BLOCKED));
    expect(bench.environment.held.take(10)).toBe(true);
    const close = closeFrame(1000);
    bench.clientSends(close.subarray(0, 3));
    bench.clientSends(close.subarray(3));
    bench.environment.held.give(10);
    expect(bench.decisions).toHaveLength(1);
  });
});

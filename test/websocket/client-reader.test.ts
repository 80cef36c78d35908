import { describe, expect, it } from 'vitest';
import { ClientReader } from '../../src/websocket/client-reader.ts';
import {
  brief,
  CODES,
  client,
  closing,
  cut,
  type FrameOptions,
  forwarded,
  frame,
  pushAll,
  singly,
} from './support.ts';

const LIMITS = { message: 1_000_000, fragments: 100 };
const MASK = [1, 2, 3, 4];

function read(...frames: readonly Uint8Array[]) {
  return new ClientReader(LIMITS).push(Buffer.concat(frames));
}

describe('messages', () => {
  it.each([0, 1, 3, 4, 47, 48, 125, 126, 127, 65_535, 65_536, 100_001])('reads %i bytes', (length) => {
    const payload = Buffer.alloc(length, 'tiergate ');
    for (const opcode of ['text', 'binary'] as const) {
      const bytes = client(CODES[opcode], payload);
      for (const chunks of [[bytes], cut(bytes, [1, 2, 3, 5, 9, 14, 1000, 65_536])]) {
        const items = pushAll(new ClientReader(LIMITS), chunks);
        expect(items).toMatchObject([{ kind: 'message', opcode, controls: [] }]);
        expect(items[0]?.kind === 'message' && items[0].payload.equals(payload)).toBe(true);
        expect(forwarded(items).equals(bytes)).toBe(true);
      }
    }
  });

  it('gives the chunk itself as the frame where it holds just one message', () => {
    const whole = client(CODES.text, 'one');
    const fragmented = Buffer.concat([client(CODES.text, 'o', false), client(CODES.continuation, 'ne')]);
    for (const chunk of [whole, fragmented]) {
      const [item] = new ClientReader(LIMITS).push(chunk);
      expect(item?.kind === 'message' && item.frames[0]).toBe(chunk);
      expect(item?.kind === 'message' && item.frames).toHaveLength(1);
    }
  });

  it('gives one view of the chunk for each of several messages, and changes no byte of it', () => {
    const chunk = Buffer.concat([client(CODES.text, 'first'), client(CODES.binary, 'second')]);
    const before = Buffer.from(chunk);
    const items = new ClientReader(LIMITS).push(chunk);
    expect(brief(items)).toEqual(['text first', 'binary second']);
    for (const item of items) {
      if (item.kind !== 'message') throw new Error('a message was expected');
      expect(item.frames).toHaveLength(1);
      expect(item.frames[0]?.buffer).toBe(chunk.buffer);
    }
    expect(chunk).toEqual(before);
  });

  it('joins fragments, empty ones too, in whatever cut', () => {
    const bytes = Buffer.concat([
      client(CODES.text, '', false),
      client(CODES.continuation, 'Gr\u00fc'.slice(0, 2), false),
      client(CODES.continuation, Buffer.from([0xc3]), false),
      client(CODES.continuation, '', false),
      client(CODES.continuation, Buffer.from([0xbc])),
      client(CODES.binary, 'next'),
    ]);
    for (const chunks of [[bytes], singly(bytes), cut(bytes, [3, 11, 20])]) {
      const items = pushAll(new ClientReader(LIMITS), chunks);
      expect(items).toHaveLength(2);
      expect(items[0]?.kind === 'message' && items[0].payload.toString()).toBe('Gr\u00fc');
      expect(forwarded(items)).toEqual(bytes);
    }
  });

  it('reads nothing from nothing', () => {
    expect(read()).toEqual([]);
  });
});

describe('control frames', () => {
  it('gives Ping and Pong outside a message as they came', () => {
    const ping = client(CODES.ping, 'are you there');
    const pong = client(CODES.pong);
    const bytes = Buffer.concat([ping, client(CODES.text, 'x'), pong]);
    for (const chunks of [[bytes], singly(bytes)]) {
      const items = pushAll(new ClientReader(LIMITS), chunks);
      expect(items.map(({ kind }) => kind)).toEqual(['control', 'message', 'control']);
      expect(forwarded(items)).toEqual(bytes);
    }
  });

  it('keeps them in their place among the fragments that their chunk completes', () => {
    const parts = [
      client(CODES.text, 'a', false),
      client(CODES.ping, '1'),
      client(CODES.continuation, 'b', false),
      client(CODES.pong, '2'),
      client(CODES.continuation, 'c'),
    ];
    const [item] = read(...parts);
    expect(item).toMatchObject({ kind: 'message', controls: [parts[1], parts[3]] });
    expect(item?.kind === 'message' && item.payload.toString()).toBe('abc');
    expect(item?.kind === 'message' && Buffer.concat(item.frames)).toEqual(Buffer.concat(parts));
  });

  it('lets them go ahead of the fragments where the message stays open', () => {
    const reader = new ClientReader(LIMITS);
    const [first, ping] = [client(CODES.text, 'a', false), client(CODES.ping, '1')];
    const [second, pong, last] = [
      client(CODES.continuation, 'b', false),
      client(CODES.pong, '2'),
      client(CODES.continuation, 'c'),
    ];
    expect(reader.push(Buffer.concat([first, ping]))).toEqual([{ kind: 'control', frame: ping }]);
    const items = reader.push(Buffer.concat([second, pong, last]));
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ kind: 'message', controls: [pong] });
    expect(forwarded(items)).toEqual(Buffer.concat([first, second, pong, last]));
  });

  it('counts one that began in an earlier chunk to the chunk that completes it', () => {
    const reader = new ClientReader(LIMITS);
    const [first, ping, last] = [
      client(CODES.text, 'a', false),
      client(CODES.ping, 'xyz'),
      client(CODES.continuation, 'b'),
    ];
    expect(reader.push(Buffer.concat([first, ping.subarray(0, 8)]))).toEqual([]);
    const items = reader.push(Buffer.concat([ping.subarray(8), last]));
    expect(items).toMatchObject([{ kind: 'message', controls: [new Uint8Array(ping)] }]);
    expect(forwarded(items)).toEqual(Buffer.concat([first, ping, last]));
  });
});

describe('Close', () => {
  it.each([1000, 1001, 1002, 1003, 1007, 1014, 3000, 4999])('gives the code %i', (code) => {
    const bytes = client(CODES.close, closing(code, 'b\u00fce'));
    for (const chunks of [[bytes], singly(bytes)]) {
      const items = pushAll(new ClientReader(LIMITS), chunks);
      expect(brief(items)).toEqual([`close ${code}`]);
      expect(forwarded(items)).toEqual(bytes);
    }
  });

  it('gives no code where there is none', () => {
    expect(read(client(CODES.close))).toMatchObject([{ kind: 'close', code: undefined }]);
  });

  it.each([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535])('does not take the code %i', (code) => {
    expect(brief(read(client(CODES.close, closing(code))))).toEqual([
      'fault protocol_error: a close code that may not stand in a frame',
    ]);
  });

  it('does not take one byte, nor a reason that is not UTF-8', () => {
    expect(brief(read(client(CODES.close, 'x')))).toEqual(['fault protocol_error: a Close of one byte']);
    expect(brief(read(client(CODES.close, closing(1000, Buffer.from([0xff])))))).toEqual([
      'fault invalid_utf8: a close reason that is not UTF-8',
    ]);
  });

  it('drops fragments, lets control frames before it go, and ignores all behind it', () => {
    const reader = new ClientReader(LIMITS);
    const [ping, close] = [client(CODES.ping), client(CODES.close, closing(1000))];
    reader.push(client(CODES.text, 'held', false));
    expect(reader.push(Buffer.concat([ping, close, client(CODES.close)]))).toEqual([
      { kind: 'control', frame: ping },
      { kind: 'close', frame: close, code: 1000 },
    ]);
    expect(reader.heldBytes).toBe(0);
    expect(reader.push(client(CODES.text, 'more'))).toEqual([]);
  });

  it('ignores all behind a broken one too', () => {
    const reader = new ClientReader(LIMITS);
    reader.push(client(CODES.close, closing(1000, Buffer.from([0xc0]))));
    expect(reader.push(client(CODES.close, closing(1000)))).toEqual([]);
  });
});

describe('faults of framing', () => {
  const broken: readonly (readonly [string, FrameOptions])[] = [
    ['a frame without a mask', { opcode: 1, payload: 'x', mask: undefined }],
    ...[1, 2, 4].map((rsv) => ['reserved bits are set', { opcode: 1, rsv }] as const),
    ['reserved bits are set', { opcode: 9, rsv: 4 }],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ['a reserved opcode', { opcode }] as const),
    ['a length that is not in its shortest form', { opcode: 1, payload: 'x'.repeat(125), lengthBytes: 2 }],
    ['a length that is not in its shortest form', { opcode: 1, payload: 'x'.repeat(65_535), lengthBytes: 8 }],
    ['a length that is not in its shortest form', { opcode: 9, payload: 'x', lengthBytes: 2 }],
    ['or has its sign bit set', { opcode: 1, lengthBytes: 8, announced: 1n << 63n }],
    ['a control frame in fragments', { opcode: 9, fin: false }],
    ['a control frame of more than 125 bytes', { opcode: 10, payload: 'x'.repeat(126) }],
    ['a control frame of more than 125 bytes', { opcode: 8, payload: 'x'.repeat(70_000) }],
    ['a continuation of no message', { opcode: 0 }],
    ['a continuation of no message', { opcode: 0, fin: false }],
  ];

  it.each(broken)('%s: %o', (reason, options) => {
    const bytes = Buffer.concat([
      client(CODES.text, 'good'),
      frame({ mask: MASK, ...options }),
      client(CODES.close, closing(1000)),
    ]);
    for (const chunks of [[bytes], cut(bytes, [...Array(60).keys()])]) {
      const items = pushAll(new ClientReader(LIMITS), chunks);
      expect(items).toHaveLength(2);
      expect(items[1]).toMatchObject({
        kind: 'fault',
        code: 'protocol_error',
        reason: expect.stringContaining(reason),
      });
    }
  });

  it.each([CODES.text, CODES.binary])('a message inside another one', (opcode) => {
    const ping = client(CODES.ping);
    const items = read(client(CODES.text, 'a', false), ping, client(opcode, 'b'), client(CODES.close));
    expect(brief(items)).toEqual([
      `control ${ping.toString('hex')}`,
      'fault protocol_error: a message begins inside another one',
    ]);
  });

  it('holds nothing behind one', () => {
    const reader = new ClientReader(LIMITS);
    reader.push(client(CODES.text, 'a', false));
    reader.push(frame({ opcode: 3, mask: MASK }));
    expect(reader.heldBytes).toBe(0);
    expect(reader.push(client(CODES.close))).toEqual([]);
  });
});

describe('UTF-8 of text', () => {
  it.each([
    ['a lone continuation', [0x80]],
    ['an overlong form', [0xc0, 0xaf]],
    ['half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a cut character', [0x61, 0xe2, 0x82]],
  ])('does not take %s', (_name, bytes) => {
    expect(brief(read(client(CODES.text, Buffer.from(bytes))))).toEqual([
      'fault invalid_utf8: a text message that is not UTF-8',
    ]);
    expect(read(client(CODES.binary, Buffer.from(bytes)))).toMatchObject([{ kind: 'message' }]);
  });

  it('lets the control frames of such a message go, and still sees the Close', () => {
    const [ping, close] = [client(CODES.ping, 'p'), client(CODES.close)];
    const items = read(
      client(CODES.text, Buffer.from([0xff]), false),
      ping,
      client(CODES.continuation),
      client(CODES.text, 'unread'),
      close,
    );
    expect(items.map(({ kind }) => kind)).toEqual(['control', 'fault', 'close']);
    expect(forwarded(items)).toEqual(Buffer.concat([ping, close]));
  });
});

import { describe, expect, it } from 'vitest';
import { ClientReader } from '../../src/websocket/client-reader.ts';
import { brief, CODES, client, closing, cut, forwarded, frame, pushAll, singly } from './support.ts';

const LIMITS = { message: 20, fragments: 3 };
const MASK = [9, 8, 7, 6];
const TOO_LONG = 'fault message_too_large: a message of more than 20 bytes';
const TOO_MANY = 'fault message_too_large: a message of more than 3 fragments';

describe('limits of a message', () => {
  it('takes what is as long as the limits', () => {
    const bytes = Buffer.concat([
      client(CODES.binary, Buffer.alloc(20, 'x')),
      client(CODES.text, Buffer.alloc(10, 'x'), false),
      client(CODES.continuation, '', false),
      client(CODES.continuation, Buffer.alloc(10, 'x')),
    ]);
    for (const chunks of [[bytes], singly(bytes)]) {
      const items = pushAll(new ClientReader(LIMITS), chunks);
      expect(items.map(({ kind }) => kind)).toEqual(['message', 'message']);
    }
  });

  it('counts afresh for each message', () => {
    const one = [client(CODES.text, 'x'.repeat(15), false), client(CODES.continuation, 'y'.repeat(5))];
    const items = new ClientReader(LIMITS).push(Buffer.concat([...one, ...one, ...one]));
    expect(items.map(({ kind }) => kind)).toEqual(['message', 'message', 'message']);
  });

  it('ends at the head of a frame that is too long, before its payload', () => {
    const head = frame({ opcode: 1, mask: MASK, lengthBytes: 8, announced: 1n << 40n });
    for (const chunks of [[head], singly(head)]) {
      const reader = new ClientReader(LIMITS);
      expect(brief(pushAll(reader, chunks))).toEqual([TOO_LONG]);
      expect(reader.heldBytes).toBe(0);
    }
    expect(brief(new ClientReader(LIMITS).push(client(CODES.text, 'x'.repeat(21))))).toEqual([TOO_LONG]);
  });

  it.each([1n << 53n, (1n << 63n) - 1n])('cannot be set so high that %d bytes would do', (announced) => {
    for (const message of [Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
      const reader = new ClientReader({ message, fragments: 1 });
      const items = reader.push(frame({ opcode: 2, mask: MASK, lengthBytes: 8, announced }));
      expect(brief(items)).toEqual([`fault message_too_large: a message of more than ${message} bytes`]);
      expect(reader.push(client(CODES.close))).toEqual([]);
    }
  });

  it('counts all fragments together', () => {
    const parts = [
      client(CODES.text, 'x'.repeat(15), false),
      client(CODES.ping),
      client(CODES.continuation, 'y'.repeat(6)),
    ];
    expect(brief(new ClientReader(LIMITS).push(Buffer.concat(parts)))).toEqual([
      `control ${parts[1]?.toString('hex')}`,
      TOO_LONG,
    ]);
  });

  it('limits the number of fragments, empty ones too', () => {
    const parts = [client(CODES.text, '', false), ...Array(3).fill(client(CODES.continuation, '', false))];
    const bytes = Buffer.concat(parts);
    for (const chunks of [[bytes], singly(bytes)]) {
      expect(brief(pushAll(new ClientReader(LIMITS), chunks))).toEqual([TOO_MANY]);
    }
  });

  it('sees the Close behind a message that is too large, whatever comes between', () => {
    const close = client(CODES.close, closing(1001));
    const bytes = Buffer.concat([
      client(CODES.text, 'x'.repeat(30), false),
      client(CODES.ping, 'unread'),
      client(CODES.continuation, 'y'.repeat(300), false),
      client(CODES.continuation, Buffer.from([0xff])),
      client(CODES.text, 'z'.repeat(70_000)),
      close,
      client(CODES.ping),
    ]);
    for (const chunks of [[bytes], cut(bytes, [1, 40, 41, 80, 400, 410, 60_000, bytes.length - 10])]) {
      const items = pushAll(new ClientReader(LIMITS), chunks);
      expect(brief(items)).toEqual([TOO_LONG, 'close 1001']);
      expect(forwarded(items)).toEqual(close);
    }
  });

  it('gives no second fault', () => {
    const bytes = Buffer.concat([
      client(CODES.text, 'x'.repeat(30)),
      frame({ opcode: 7, mask: MASK }),
      client(CODES.close),
    ]);
    expect(brief(new ClientReader(LIMITS).push(bytes))).toEqual([TOO_LONG]);
  });
});

describe('discard', () => {
  it('drops what is held and tells only the Close', () => {
    const reader = new ClientReader(LIMITS);
    const rest = client(CODES.continuation, 'cd');
    reader.push(client(CODES.text, 'ab', false));
    reader.push(rest.subarray(0, 7));
    expect(reader.heldBytes).toBe(8 + 7);
    reader.discard();
    expect(reader.heldBytes).toBe(0);
    const close = client(CODES.close, closing(1000));
    const bytes = Buffer.concat([
      rest.subarray(7),
      client(CODES.ping),
      client(CODES.binary, 'x'.repeat(200)),
      close,
    ]);
    expect(reader.push(bytes)).toEqual([{ kind: 'close', frame: close, code: 1000 }]);
  });

  it('holds nothing of what it skips, only the head and the control frame at hand', () => {
    const reader = new ClientReader(LIMITS);
    reader.discard();
    reader.push(client(CODES.text, 'x'.repeat(1000), false).subarray(0, 900));
    expect(reader.heldBytes).toBe(0);
    const close = client(CODES.close, closing(1000, 'bye'));
    reader.push(Buffer.concat([Buffer.alloc(108), close.subarray(0, 1)]));
    expect(reader.heldBytes).toBe(1);
    reader.push(close.subarray(1, 8));
    expect(reader.heldBytes).toBe(close.length);
    expect(brief(reader.push(close.subarray(8)))).toEqual(['close 1000']);
    expect(reader.heldBytes).toBe(0);
  });

  it('tells faults of framing, those of fragments too', () => {
    for (const bytes of [
      frame({ opcode: 1, mask: undefined }),
      client(CODES.continuation),
      client(CODES.close, 'x'),
    ]) {
      const reader = new ClientReader(LIMITS);
      reader.discard();
      expect(reader.push(bytes)).toMatchObject([{ kind: 'fault', code: 'protocol_error' }]);
      expect(reader.push(client(CODES.close))).toEqual([]);
    }
  });

  it('stays silent behind the end', () => {
    const reader = new ClientReader(LIMITS);
    reader.push(client(CODES.close));
    reader.discard();
    expect(reader.push(client(CODES.close))).toEqual([]);
  });
});

describe('what is held', () => {
  it('is counted, and released with the message', () => {
    const reader = new ClientReader(LIMITS);
    const [first, ping, last] = [
      client(CODES.text, 'ab', false),
      client(CODES.ping, 'pp'),
      client(CODES.continuation),
    ];
    const held: number[] = [];
    for (const byte of singly(Buffer.concat([first, ping, last]))) {
      reader.push(byte);
      held.push(reader.heldBytes);
    }
    // A Ping is held with all its length once its head is there, and goes on by itself.
    expect(held).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 16, 8, 9, 10, 11, 12, 13, 0]);
  });

  it('keeps none of the large memory alive from which small chunks are cut', () => {
    const message = client(CODES.binary, Buffer.alloc(3000, 'q'));
    for (const step of [1, 700, 1500]) {
      const reader = new ClientReader({ message: 5000, fragments: 1 });
      const items = [];
      for (let at = 0; at < message.length; at += step) {
        const slab = Buffer.alloc(65_536);
        const size = message.copy(slab, 100, at, at + step);
        items.push(...reader.push(slab.subarray(100, 100 + size)));
        if (at + step < message.length) slab.fill(0xee);
      }
      expect(forwarded(items)).toEqual(message);
      const frames = items.flatMap((item) => (item.kind === 'message' ? [...item.frames] : []));
      const memory = new Set(frames.slice(0, -1).map(({ buffer }) => buffer));
      expect([...memory].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(
        2 * message.length + 256,
      );
      // Single bytes: few pieces, not one each.
      expect(frames.length).toBeLessThan(12);
    }
  });

  it('keeps few pieces of single bytes that have memory of their own', () => {
    const message = client(CODES.binary, Buffer.alloc(3000, 'q'));
    const own = Array.from(message, (byte) => Uint8Array.of(byte));
    const [item] = pushAll(new ClientReader({ message: 5000, fragments: 1 }), own);
    expect(item?.kind === 'message' && item.frames.length).toBeLessThan(12);
  });

  it('keeps chunks that are compact as they are', () => {
    const message = client(CODES.binary, Buffer.alloc(5000, 'q'));
    const chunk = Buffer.from(new Uint8Array(message.subarray(0, 4000)).buffer);
    const reader = new ClientReader({ message: 5000, fragments: 1 });
    reader.push(chunk);
    const [item] = reader.push(message.subarray(4000));
    expect(item?.kind === 'message' && item.frames[0]?.buffer).toBe(chunk.buffer);
  });

  it('reads 9 MB in fragments of 1 MiB and chunks of 64 KiB', () => {
    const payload = Buffer.alloc(9_000_000, 'The quick brown fox. ');
    const parts: Buffer[] = [];
    for (let at = 0; at < payload.length; at += 1 << 20) {
      const end = at + (1 << 20);
      parts.push(
        client(at === 0 ? CODES.text : CODES.continuation, payload.subarray(at, end), end >= payload.length),
      );
    }
    const bytes = Buffer.concat(parts);
    const reader = new ClientReader({ message: 9_000_000, fragments: 9 });
    const places = Array.from(
      { length: Math.floor(bytes.length / 65_536) },
      (_, index) => (index + 1) * 65_536,
    );
    const items = pushAll(reader, cut(bytes, places));
    expect(items).toHaveLength(1);
    expect(items[0]?.kind === 'message' && items[0].payload.equals(payload)).toBe(true);
    expect(forwarded(items).equals(bytes)).toBe(true);
    expect(reader.heldBytes).toBe(0);
  });
});

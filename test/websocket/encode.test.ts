import { describe, expect, it } from 'vitest';
import {
  closePayload,
  cutReason,
  encodeMasked,
  encodeServer,
  encodeServerClose,
  encodeServerText,
} from '../../src/websocket/encode.ts';
import { CODES, closing, frame, server } from './support.ts';

const MASK = [0xde, 0xad, 0xbe, 0xef];

describe('frames of a server', () => {
  it.each([0, 1, 125, 126, 65_535, 65_536])('text of %i bytes', (length) => {
    const text = 'x'.repeat(length);
    expect(encodeServerText(text).equals(server(CODES.text, text))).toBe(true);
  });

  it('makes half a surrogate pair U+FFFD', () => {
    expect(encodeServerText('a\ud800b')).toEqual(server(CODES.text, 'a\ufffdb'));
  });

  it('encodes a Close', () => {
    expect(encodeServerClose(1008, 'gr\u00fcn')).toEqual(server(CODES.close, closing(1008, 'gr\u00fcn')));
    expect(encodeServerClose(1000, '')).toEqual(Buffer.from([0x88, 2, 0x03, 0xe8]));
  });

  it('does not encode a control frame of more than 125 bytes', () => {
    expect(() => encodeServer('ping', Buffer.alloc(126))).toThrow(
      'a ping frame has at most 125 bytes, not 126',
    );
    expect(encodeServer('ping', Buffer.alloc(125))).toHaveLength(127);
  });
});

describe('frames of a client', () => {
  it.each([0, 1, 2, 3, 4, 5, 47, 48, 49, 50, 51, 125, 126, 1001, 65_535, 65_536])('%i bytes', (length) => {
    const payload = Buffer.from(Array.from({ length }, (_, index) => index % 251));
    const buffer = Buffer.alloc(length + 8);
    // Whatever its place in memory, a payload stays as it is.
    for (let at = 0; at < 4; at++) {
      payload.copy(buffer, at);
      const placed = buffer.subarray(at, at + length);
      const encoded = encodeMasked('binary', placed, Buffer.from(MASK));
      expect(encoded.equals(frame({ opcode: 2, payload, mask: MASK }))).toBe(true);
      expect(placed.equals(payload)).toBe(true);
    }
  });

  it.each(Object.entries(CODES))('opcode of %s', (name, opcode) => {
    const encoded = encodeMasked(name as keyof typeof CODES, Buffer.from('abc'), Buffer.from(MASK));
    expect(encoded).toEqual(frame({ opcode, payload: 'abc', mask: MASK }));
  });

  it.each([0, 3, 5])('does not take a mask of %i bytes', (length) => {
    expect(() => encodeMasked('text', Buffer.alloc(1), Buffer.alloc(length))).toThrow(
      `a mask has four bytes, not ${length}`,
    );
  });
});

describe('close reasons', () => {
  it.each([
    ['', ''],
    ['short', 'short'],
    ['x'.repeat(123), 'x'.repeat(123)],
    ['x'.repeat(124), 'x'.repeat(123)],
    [`${'x'.repeat(122)}\u00fc`, 'x'.repeat(122)],
    [`${'x'.repeat(121)}\u00fcy`, `${'x'.repeat(121)}\u00fc`],
    [`${'x'.repeat(120)}\u{1f600}`, 'x'.repeat(120)],
    [`${'x'.repeat(119)}\u{1f600}y`, `${'x'.repeat(119)}\u{1f600}`],
    ['a\udc00', 'a\ufffd'],
    ['\ufeffmark', '\ufeffmark'],
  ])('%j', (reason, expected) => {
    expect(cutReason(reason)).toBe(expected);
    expect(closePayload(4000, reason)).toEqual(closing(4000, expected));
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedPrefix, MessageAssembler } from '../../../src/extproc/transport/message-assembler.ts';

function frame(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5, flag);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The messages of some chunks, copied as they come. */
function read(assembler: MessageAssembler, chunks: readonly Buffer[]): Buffer[] {
  const messages: Buffer[] = [];
  for (const chunk of chunks) assembler.read(chunk, (message) => messages.push(Buffer.from(message)));
  return messages;
}

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...places.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

describe('MessageAssembler', () => {
  it('gives the same messages however the bytes are cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
    fc.assert(
      fc.property(messages, fc.array(fc.nat(400), { maxLength: 12 }), (list, places) => {
        const bytes = Buffer.concat(list.map((message) => frame(message)));
        const seen = read(new MessageAssembler(100), cut(bytes, places));
        expect(seen).toEqual(list.map((message) => Buffer.from(message)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('knows whether bytes begin and end with a message', () => {
    const bytes = Buffer.concat([frame(Buffer.from('abc')), frame(Buffer.alloc(0))]);
    const assembler = new MessageAssembler(100);
    expect(assembler.isWhole(bytes)).toBe(true);
    for (let end = 1; end < bytes.length; end++) {
      expect(assembler.isWhole(bytes.subarray(0, end)), `${end}`).toBe(end === 8);
    }
    read(assembler, [bytes.subarray(0, 2)]);
    expect(assembler.isWhole(bytes)).toBe(false);
    read(assembler, [bytes.subarray(2, 7)]);
    expect(assembler.isWhole(bytes)).toBe(false);
  });

  it('gives a message that came whole as a view, and any other in memory of its own', () => {
    const bytes = frame(Buffer.alloc(50, 'x'));
    const seen: Buffer[] = [];
    const assembler = new MessageAssembler(100);
    assembler.read(bytes, (message) => seen.push(message));
    for (const part of cut(bytes, [9])) assembler.read(part, (message) => seen.push(message));
    expect(seen[0]?.buffer).toBe(bytes.buffer);
    expect(seen[1]?.buffer.byteLength).toBe(50);
    expect(seen[1]?.equals(seen[0] ?? Buffer.alloc(0))).toBe(true);
  });

  it.each([
    ['is compressed', frame(Buffer.alloc(3), 1), 12],
    ['is too long', frame(Buffer.alloc(101)), 8],
  ])('refuses a message that %s, whole or in pieces', (_name, bytes, code) => {
    for (const chunks of [[bytes], cut(bytes, [2])]) {
      const expected = expect.objectContaining({ code });
      expect(() => read(new MessageAssembler(100), chunks)).toThrow(expected);
      expect(() => read(new MessageAssembler(100), chunks)).toThrow(MalformedPrefix);
    }
  });

  it('begins no message after it was stopped, and ends the one that it had begun', () => {
    const begun = frame(Buffer.from('abcdef'));
    const next = frame(Buffer.from('ghijkl'));
    const assembler = new MessageAssembler(100);
    read(assembler, [begun.subarray(0, 7)]);
    assembler.stop();
    const rest = Buffer.concat([begun.subarray(7), next.subarray(0, 8)]);
    expect(read(assembler, [rest])).toEqual([Buffer.from('abcdef')]);
    const other = new MessageAssembler(100);
    read(other, [next.subarray(0, 2)]);
    other.stop();
    expect(read(other, [next.subarray(2, 8)])).toEqual([]);
  });
});

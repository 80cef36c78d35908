import zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zstdFrames } from '../../src/extproc/zstd-frame.ts';

const { ZSTD_c_checksumFlag, ZSTD_c_contentSizeFlag, ZSTD_c_compressionLevel } = zlib.constants;

function encode(plain: Buffer, checksum: number, contentSize: number, level = 3): Buffer {
  const params = {
    [ZSTD_c_checksumFlag]: checksum,
    [ZSTD_c_contentSizeFlag]: contentSize,
    [ZSTD_c_compressionLevel]: level,
  };
  return zlib.zstdCompressSync(plain, { params });
}

/** Whether the bytes are one frame and nothing else. */
function isOneFrame(bytes: Buffer): boolean {
  const frames = zstdFrames(bytes);
  return frames?.length === 1 && frames[0]?.length === bytes.length;
}

/** Bytes with runs, text and noise, so that all block types occur. */
const plains = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(fc.nat(400_000), fc.nat(255)).map(([length, byte]) => Buffer.alloc(length, byte)),
      fc.string({ maxLength: 200 }).map((text) => Buffer.from(text.repeat(50))),
    ),
    { maxLength: 4 },
  )
  .map((parts) => Buffer.concat(parts));

describe('a zstd frame', () => {
  it('is whole as the encoder made it, and with a byte less or more it is not', () => {
    fc.assert(
      fc.property(plains, fc.nat(1), fc.nat(1), fc.constantFrom(1, 3, 12), (plain, checksum, size, level) => {
        const frame = encode(plain, checksum, size, level);
        expect(isOneFrame(frame)).toBe(true);
        expect(isOneFrame(frame.subarray(0, frame.length - 1))).toBe(false);
        expect(isOneFrame(Buffer.concat([frame, Buffer.alloc(1)]))).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it('is not whole at any shorter length', () => {
    const frame = encode(Buffer.from('{"model":"gpt-5.5","service_tier":"priority"}'.repeat(20)), 1, 1);
    for (let length = 0; length < frame.length; length += 1) {
      expect(isOneFrame(frame.subarray(0, length))).toBe(false);
    }
  });

  it('is cut from others, and skippable frames are left out', () => {
    const frame = encode(Buffer.from('{}'), 1, 1);
    const other = encode(Buffer.from('{"a":1}'), 0, 0);
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 0]);
    expect(zstdFrames(Buffer.concat([frame, other]))).toEqual([frame, other]);
    expect(zstdFrames(Buffer.concat([skippable, frame, skippable, skippable, other, skippable]))).toEqual([
      frame,
      other,
    ]);
    expect(zstdFrames(Buffer.concat([frame, skippable]).subarray(0, -1))).toBeUndefined();
    expect(zstdFrames(skippable)).toBeUndefined();
    expect(zstdFrames(Buffer.alloc(0))).toBeUndefined();
  });

  it('is counted, a skippable one too', () => {
    const frame = encode(Buffer.from('{}'), 1, 1);
    const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
    const many = (count: number) => Buffer.concat([frame, ...Array<Buffer>(count - 1).fill(skippable)]);
    expect(zstdFrames(many(1024))).toEqual([frame]);
    expect(zstdFrames(many(1025))).toBeUndefined();
  });

  it.each([
    // Descriptor: content size flag (2 bits), single segment, unused, reserved, checksum, dictionary id flag (2 bits).
    ['a window and no size', [0x00, 0x58]],
    ['a dictionary id of four bytes', [0x03, 0x58, 1, 2, 3, 4]],
    ['a single segment of one byte of size', [0x20, 0]],
    ['a single segment with a dictionary id of two bytes and four bytes of size', [0xa2, 1, 2, 0, 0, 0, 0]],
    ['a window and eight bytes of size', [0xc0, 0x58, 0, 0, 0, 0, 0, 0, 0, 0]],
  ])('may have a head with %s', (_name, head) => {
    const start = [0x28, 0xb5, 0x2f, 0xfd, ...head];
    // A raw block of two bytes, a run of 70,000 that takes one, and an empty last one.
    const run = (70_000 << 3) | 2;
    const blocks = [0x10, 0, 0, 7, 7, run & 0xff, (run >> 8) & 0xff, run >> 16, 9, 0x01, 0, 0];
    expect(isOneFrame(Buffer.from([...start, ...blocks]))).toBe(true);
    expect(isOneFrame(Buffer.from([...start, ...blocks, 0]))).toBe(false);
    expect(isOneFrame(Buffer.from([...start, ...blocks.slice(0, -1)]))).toBe(false);
    // The reserved type.
    expect(isOneFrame(Buffer.from([...start, 0x07, 0, 0]))).toBe(false);
  });
});

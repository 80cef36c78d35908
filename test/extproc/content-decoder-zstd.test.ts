import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createContentDecoder } from '../../src/extproc/content-decoder.ts';
import { heldBudget } from '../../src/extproc/held-budget.ts';
import { corrupted, decode, encode, large, MiB, never, noise, small } from './content-codings.ts';

/** A skippable frame of zstd with so many bytes of user data (RFC 8878, section 3.1.2). */
function skippable(length: number): Buffer {
  const bytes = Buffer.alloc(8 + length, 'x');
  bytes.writeUInt32LE(0x184d2a5f, 0);
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

function withChecksum(plain: string): Buffer {
  return zlib.zstdCompressSync(plain, { params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 } });
}

function withWrongChecksum(plain: string): Buffer {
  const bytes = withChecksum(plain);
  bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1);
  return bytes;
}

describe('a body in zstd', () => {
  it('takes several frames of zstd, and skippable ones between them', async () => {
    for (const plain of [small, large]) {
      const bytes = Buffer.concat([skippable(3), encode('zstd', plain), skippable(0), encode('zstd', small)]);
      const held = heldBudget(1024 * MiB);
      const result = await decode({ codings: ['zstd'], bytes }, held);
      expect(result.ok && result.bytes.equals(Buffer.concat([plain, small]))).toBe(true);
      expect(held.held).toBe(plain.length + small.length);
    }
  });

  it('takes very many small frames off the event loop, up to a number', async () => {
    const frames = (count: number) => Buffer.concat(Array(count).fill(encode('zstd', Buffer.from('ab'))));
    const result = await decode({ codings: ['zstd'], bytes: frames(1024) });
    expect(result.ok && result.bytes.toString()).toBe('ab'.repeat(1024));
    expect(await decode({ codings: ['zstd'], bytes: frames(1025) })).toEqual(corrupted);
    const held = heldBudget(1024 * MiB);
    const job = { codings: ['zstd'] as const, bytes: frames(17), maxBytes: MiB, maxRatio: 100 };
    expect(createContentDecoder().decode(job, held, never)).toBeInstanceOf(Promise);
    expect(createContentDecoder().decode({ ...job, bytes: frames(16) }, held, never)).toMatchObject({
      ok: true,
    });
  });

  it('caps the frames of zstd together', async () => {
    for (const plain of [small, large]) {
      const bytes = Buffer.concat([encode('zstd', plain), encode('zstd', plain)]);
      const held = heldBudget(1024 * MiB);
      const exactly = await decode({ codings: ['zstd'], bytes, maxBytes: 2 * plain.length }, held);
      expect(exactly.ok).toBe(true);
      for (const maxBytes of [2 * plain.length - 1, plain.length]) {
        expect(await decode({ codings: ['zstd'], bytes, maxBytes })).toEqual({
          ok: false,
          code: 'body_too_large',
        });
      }
      const little = heldBudget(2 * plain.length - 1);
      expect(await decode({ codings: ['zstd'], bytes }, little)).toEqual({ ok: false, code: 'overloaded' });
      expect(little.held).toBe(0);
    }
  });

  it.each([
    ['a skippable frame that is cut', skippable(5).subarray(0, 12)],
    ['the head of a skippable frame', skippable(5).subarray(0, 7)],
    [
      'a frame, and a skippable one that is cut',
      Buffer.concat([zlib.zstdCompressSync('{}'), skippable(9).subarray(0, 16)]),
    ],
    [
      'a frame, and another that is cut',
      Buffer.concat([zlib.zstdCompressSync('{}'), zlib.zstdCompressSync('{}').subarray(0, 9)]),
    ],
    [
      'a frame, and another without its checksum',
      Buffer.concat([zlib.zstdCompressSync('{}'), withChecksum('{}').subarray(0, -1)]),
    ],
    [
      'a frame, and another with a wrong checksum',
      Buffer.concat([zlib.zstdCompressSync('{}'), withWrongChecksum('{}')]),
    ],
  ])('takes nothing of zstd that has no real end: %s', async (_, bytes) => {
    for (const body of [bytes, Buffer.concat([encode('zstd', large), bytes])]) {
      const held = heldBudget(1024 * MiB);
      expect(await decode({ codings: ['zstd'], bytes: body }, held)).toEqual(corrupted);
      expect(held.held).toBe(0);
    }
  });

  it('is not empty because there is only what is skipped', async () => {
    for (const length of [0, 5, 100_000]) {
      expect(await decode({ codings: ['zstd'], bytes: skippable(length) })).toEqual(corrupted);
    }
  });

  it('refuses a zstd window over 8 MiB', async () => {
    const params = { [zlib.constants.ZSTD_c_windowLog]: 27 };
    const inline = Buffer.alloc(16 * MiB);
    const threaded = Buffer.concat([noise(100_000), inline]);
    for (const plain of [inline, threaded]) {
      const bytes = zlib.zstdCompressSync(plain, { params });
      expect(bytes.length > 65_536).toBe(plain === threaded);
      const result = await decode({ codings: ['zstd'], bytes, maxBytes: 128 * MiB });
      expect(result).toEqual({ ok: false, code: 'corrupt_encoding' });
    }
  });
});

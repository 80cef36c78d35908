import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createContentDecoder } from '../../src/extproc/content-decoder.ts';
import { heldBudget } from '../../src/extproc/held-budget.ts';
import { codings, corrupted, decode, encode, large, MiB, never, noise, small } from './content-codings.ts';

describe.each(codings)('%s', (coding) => {
  it.each([
    ['inline', small],
    ['on threads', large],
    ['inline in, large out', Buffer.alloc(2 * MiB, 'a')],
    ['empty', Buffer.alloc(0)],
  ])('gives the bytes back: %s', async (_name, plain) => {
    const held = heldBudget(1024 * MiB);
    const result = await decode({ codings: [coding], bytes: encode(coding, plain) }, held);
    expect(result.ok && result.bytes.equals(plain)).toBe(true);
    expect(held.held).toBe(plain.length);
  });

  it.each([
    ['small', small],
    ['large', large],
  ])('calls a cut, a changed and a trailed body corrupt (%s)', async (_name, plain) => {
    const bytes = encode(coding, plain);
    const middle = bytes.length >> 1;
    const cases = [
      bytes.subarray(0, bytes.length - 1),
      bytes.subarray(0, middle),
      bytes.subarray(0, 1),
      Buffer.concat([bytes, Buffer.from('{"service_tier":"priority"}')]),
      Buffer.concat([bytes, Buffer.alloc(3)]),
      Buffer.from('this was never encoded at all'),
    ];
    const held = heldBudget(1024 * MiB);
    for (const broken of cases) {
      expect(await decode({ codings: [coding], bytes: broken }, held)).toEqual({
        ok: false,
        code: 'corrupt_encoding',
      });
    }
    expect(held.held).toBe(0);
  });

  it('stops a bomb at the cap, with no more held than that', async () => {
    const bytes = encode(coding, Buffer.alloc(12 * MiB));
    const held = heldBudget(1024 * MiB);
    const job = { codings: [coding], bytes, maxBytes: 4 * MiB, maxRatio: 1_000_000 };
    expect(await decode(job, held)).toEqual({ ok: false, code: 'body_too_large' });
    expect(held.peak).toBeLessThanOrEqual(4 * MiB);
    expect(held.held).toBe(0);
  });

  it('stops a bomb at the ratio', async () => {
    const bytes = encode(coding, Buffer.alloc(4 * MiB));
    const held = heldBudget(1024 * MiB);
    expect(await decode({ codings: [coding], bytes, maxRatio: 20 }, held)).toEqual({
      ok: false,
      code: 'body_too_large',
    });
    expect(held.peak).toBeLessThanOrEqual(Math.max(65_536, bytes.length * 20));
  });

  it('exempts up to 64 KiB from the ratio', async () => {
    const bytes = encode(coding, Buffer.alloc(65_536));
    expect((await decode({ codings: [coding], bytes, maxRatio: 1 })).ok).toBe(true);
    const more = encode(coding, Buffer.alloc(65_537));
    expect(await decode({ codings: [coding], bytes: more, maxRatio: 1 })).toEqual({
      ok: false,
      code: 'body_too_large',
    });
  });

  it('takes exactly the cap and not a byte more', async () => {
    for (const cap of [10_000, 300_000]) {
      const bytes = encode(coding, noise(cap));
      expect((await decode({ codings: [coding], bytes, maxBytes: cap })).ok).toBe(true);
      expect(await decode({ codings: [coding], bytes, maxBytes: cap - 1 })).toEqual({
        ok: false,
        code: 'body_too_large',
      });
    }
  });

  it.each([
    ['small', small],
    ['large', large],
  ])('says overloaded where the process may hold no more (%s)', async (_name, plain) => {
    const held = heldBudget(plain.length - 1);
    expect(await decode({ codings: [coding], bytes: encode(coding, plain) }, held)).toEqual({
      ok: false,
      code: 'overloaded',
    });
    expect(held.held).toBe(0);
  });
});

describe('odd forms', () => {
  it('takes deflate without the zlib header', async () => {
    for (const plain of [small, large]) {
      const result = await decode({ codings: ['deflate'], bytes: zlib.deflateRawSync(plain) });
      expect(result.ok && result.bytes.equals(plain)).toBe(true);
    }
  });

  it('takes gzip of several members', async () => {
    for (const plain of [small, large]) {
      const bytes = Buffer.concat([zlib.gzipSync(plain), zlib.gzipSync(small)]);
      const result = await decode({ bytes });
      expect(result.ok && result.bytes.equals(Buffer.concat([plain, small]))).toBe(true);
    }
  });

  it('takes an encoded body of no bytes for an empty one only where it ends', async () => {
    for (const coding of codings) {
      const bytes = encode(coding, Buffer.alloc(0));
      expect(await decode({ codings: [coding], bytes })).toEqual({ ok: true, bytes: Buffer.alloc(0) });
      for (let length = 1; length < bytes.length; length += 1) {
        const cut = await decode({ codings: [coding], bytes: bytes.subarray(0, length) });
        expect(cut).toEqual(corrupted);
      }
    }
  });

  it('takes an encoded body of no bytes for an empty one', async () => {
    expect(await decode({ bytes: Buffer.alloc(0) })).toEqual({ ok: true, bytes: Buffer.alloc(0) });
  });
});

describe('stacked codings', () => {
  it.each([
    ['small', small],
    ['large', large],
  ])('are undone in reverse (%s)', async (_name, plain) => {
    const bytes = encode('br', encode('zstd', encode('deflate', encode('gzip', plain))));
    const held = heldBudget(1024 * MiB);
    const result = await decode({ codings: ['gzip', 'deflate', 'zstd', 'br'], bytes }, held);
    expect(result.ok && result.bytes.equals(plain)).toBe(true);
    expect(held.held).toBe(plain.length);
  });

  it('are corrupt in another order', async () => {
    const bytes = encode('br', encode('gzip', small));
    expect(await decode({ codings: ['br', 'gzip'], bytes })).toEqual({ ok: false, code: 'corrupt_encoding' });
  });

  it('stop a bomb inside a bomb', async () => {
    const bytes = zlib.gzipSync(zlib.gzipSync(Buffer.alloc(16 * MiB)));
    const held = heldBudget(1024 * MiB);
    const job = { codings: ['gzip', 'gzip'] as const, bytes, maxBytes: 2 * MiB, maxRatio: 1_000_000 };
    expect(await decode(job, held)).toEqual({ ok: false, code: 'body_too_large' });
    expect(held.held).toBe(0);
  });

  it('give everything back where a later step fails', async () => {
    const bytes = encode('gzip', Buffer.concat([Buffer.from('no brotli here'), large]));
    const held = heldBudget(1024 * MiB);
    expect(await decode({ codings: ['br', 'gzip'], bytes }, held)).toEqual({
      ok: false,
      code: 'corrupt_encoding',
    });
    expect(held.held).toBe(0);
  });
});

describe('work off the event loop', () => {
  it('stays on it for small bodies alone', () => {
    const decoder = createContentDecoder();
    const held = heldBudget(1024 * MiB);
    const job = { codings: ['gzip'] as const, maxBytes: 64 * MiB, maxRatio: 10_000 };
    expect(decoder.decode({ ...job, bytes: encode('gzip', small) }, held, never)).not.toBeInstanceOf(Promise);
    const late = decoder.decode({ ...job, bytes: encode('gzip', large) }, held, never);
    expect(late).toBeInstanceOf(Promise);
    return late;
  });

  it('ends at an abort, in the middle and while it waits for its turn, and gives everything back', async () => {
    const decoder = createContentDecoder();
    const held = heldBudget(1024 * MiB);
    const abort = new AbortController();
    const bytes = encode('gzip', large);
    const jobs = Array.from({ length: 20 }, () =>
      decoder.decode({ codings: ['gzip'], bytes, maxBytes: MiB, maxRatio: 100 }, held, abort.signal),
    );
    abort.abort();
    const results = await Promise.all(jobs);
    expect(results).toEqual(Array.from({ length: 20 }, () => ({ ok: false, code: 'overloaded' })));
    expect(held.held).toBe(0);
  });

  it('lets all of a crowd through', async () => {
    const decoder = createContentDecoder();
    const held = heldBudget(1024 * MiB);
    const bytes = encode('br', large);
    const jobs = Array.from({ length: 40 }, () =>
      decoder.decode({ codings: ['br'], bytes, maxBytes: MiB, maxRatio: 100 }, held, never),
    );
    const results = await Promise.all(jobs);
    expect(results.filter((result) => result.ok)).toHaveLength(40);
    expect(held.held).toBe(40 * large.length);
  });
});

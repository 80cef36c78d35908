import zlib from 'node:zlib';
import type { Coding, DecodeResult } from '../../src/exchange/events.ts';
import { createContentDecoder, type DecodeJob } from '../../src/extproc/content-decoder.ts';
import { type HeldGauge, heldBudget } from '../../src/extproc/held-budget.ts';

export const MiB = 1024 * 1024;
export const codings = ['gzip', 'deflate', 'br', 'zstd'] as const;

export function encode(coding: Coding, bytes: Buffer): Buffer {
  switch (coding) {
    case 'gzip':
      return zlib.gzipSync(bytes);
    case 'deflate':
      return zlib.deflateSync(bytes);
    case 'br':
      return zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } });
    case 'zstd':
      return zlib.zstdCompressSync(bytes);
  }
}

export const never = new AbortController().signal;

export async function decode(
  job: Partial<DecodeJob> & Pick<DecodeJob, 'bytes'>,
  held: HeldGauge = heldBudget(1024 * MiB),
): Promise<DecodeResult> {
  const whole = { codings: ['gzip'] as const, maxBytes: 64 * MiB, maxRatio: 1_000_000, ...job };
  return await createContentDecoder().decode(whole, held, never);
}

/** Bytes that hardly compress, so that the encoded form is as large. */
export function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

export const corrupted = { ok: false, code: 'corrupt_encoding' };

export const small = Buffer.from(JSON.stringify({ model: 'gpt-5', input: 'x'.repeat(2_000) }));
export const large = noise(300_000);

import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { DecodeResult, Effect } from '../../../src/exchange/events.ts';

const UNDO = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
} as const;

/** What a runner of effects answers to a `decode` effect, at once. */
export function undoCodings(job: Extract<Effect, { kind: 'decode' }>): DecodeResult {
  let bytes = job.bytes;
  try {
    for (const coding of job.codings.toReversed()) bytes = UNDO[coding](bytes);
  } catch {
    return { ok: false, code: 'corrupt_encoding' };
  }
  return bytes.length > job.maxBytes ? { ok: false, code: 'body_too_large' } : { ok: true, bytes };
}

import { randomFillSync } from 'node:crypto';

/** One call into the system's randomness for this many bytes: a call for each mask would cost more than the verdict. */
const POOL_BYTES = 4096;

/** Makes a source of bytes that nobody can guess; each byte is given once. */
export function createRandomSource(): (count: number) => Uint8Array {
  let pool = Buffer.alloc(0);
  let at = 0;
  return (count) => {
    if (at + count > pool.length) {
      pool = randomFillSync(Buffer.allocUnsafe(Math.max(POOL_BYTES, count)));
      at = 0;
    }
    at += count;
    return pool.subarray(at - count, at);
  };
}

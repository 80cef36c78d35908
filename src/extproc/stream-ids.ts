import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;
/** One call into the system's randomness for this many ids: a call for each would cost more than the verdict. */
const IDS_AT_ONCE = 256;

/** Makes a source of stream ids: 32 hex digits from the system's randomness, never the same twice. */
export function createIdSource(): () => string {
  const pool = Buffer.alloc(ID_BYTES * IDS_AT_ONCE);
  let at = pool.length;
  return () => {
    if (at === pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    at += ID_BYTES;
    return pool.toString('hex', at - ID_BYTES, at);
  };
}

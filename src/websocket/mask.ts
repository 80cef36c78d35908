/** Below this a loop over single bytes is as fast as one over words. */
const SMALL = 48;

/** Whether the lowest byte of a word in memory stands first. */
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * Masks or unmasks the bytes from `start` to `end` in place (RFC 6455, section 5.3: both are the same).
 *
 * @param mask four bytes as one number, the first byte highest; it applies to the byte at `start`
 */
export function applyMask(bytes: Uint8Array, start: number, end: number, mask: number): void {
  const keys = [mask >>> 24, (mask >>> 16) & 0xff, (mask >>> 8) & 0xff, mask & 0xff] as const;
  let at = start;
  if (end - start >= SMALL) {
    while (((bytes.byteOffset + at) & 3) !== 0) {
      bytes[at] = bytes[at]! ^ keys[((at - start) & 3) as 0 | 1 | 2 | 3];
      at += 1;
    }
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, (end - at) >> 2);
    maskWords(words, wordOf(keys, (at - start) & 3));
    at += words.length * 4;
  }
  for (; at < end; at++) bytes[at] = bytes[at]! ^ keys[((at - start) & 3) as 0 | 1 | 2 | 3];
}

/** Four words a round take two thirds of the time of one. */
function maskWords(words: Int32Array, word: number): void {
  const rounds = words.length & ~3;
  for (let index = 0; index < rounds; index += 4) {
    words[index] = words[index]! ^ word;
    words[index + 1] = words[index + 1]! ^ word;
    words[index + 2] = words[index + 2]! ^ word;
    words[index + 3] = words[index + 3]! ^ word;
  }
  for (let index = rounds; index < words.length; index++) words[index] = words[index]! ^ word;
}

/** The mask as a word of memory whose first byte is the one at `phase`. */
function wordOf(keys: readonly number[], phase: number): number {
  let word = 0;
  for (let index = 0; index < 4; index++) {
    const key = keys[(phase + index) & 3]!;
    word |= key << (8 * (LITTLE_ENDIAN ? index : 3 - index));
  }
  return word;
}

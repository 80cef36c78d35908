/** The little-endian magic number 0xFD2FB528 of a zstd frame (RFC 8878, section 3.1.1). */
const magic = [0x28, 0xb5, 0x2f, 0xfd] as const;

/** Bytes of the frame content size and of the dictionary id by their flags (RFC 8878, section 3.1.1.1). */
const contentSizeBytes = [0, 2, 4, 8] as const;
const dictionaryIdBytes = [0, 1, 2, 4] as const;

/** The little-endian magic numbers 0x184D2A50 to 0x184D2A5F of a skippable frame (RFC 8878, section 3.1.2). */
const skippableMagic = 0x184d2a50;
const skippableHeadBytes = 8;

/** Each frame costs an engine of its own; a sender that flushes every 64 KiB makes this many of 64 MiB. */
const maxFrames = 1024;

const blockHeadBytes = 3;
const checksumBytes = 4;

/** Block types (RFC 8878, section 3.1.1.2.2): one repeated byte stands for the whole block; the last is reserved. */
const runLengthBlock = 1;
const reservedBlock = 3;

/**
 * Cuts the bytes into their zstd frames, whose contents belong together in this order (RFC 8878, section 3.1); skippable
 * frames are left out. It reads the heads alone and decompresses nothing, so that the content can still be corrupt.
 *
 * Node's decompressor cannot be asked: 22, and 26 at first, take a frame that is cut for a whole one and give what came
 * of it, which may be nothing (nodejs/node#64592); 24 stops behind the first frame, later 26 goes on (all measured).
 *
 * @returns undefined where the bytes are not whole frames, no less and no more, where none of them holds content, and
 *   beyond 1,024 frames
 */
export function zstdFrames(bytes: Buffer): readonly Buffer[] | undefined {
  const frames: Buffer[] = [];
  let skipped = 0;
  for (let at = 0; at < bytes.length; ) {
    const skippable = endOfSkippable(bytes, at);
    const end = skippable ?? endOfFrame(bytes, at);
    if (end === undefined || end > bytes.length) return undefined;
    if (skippable === undefined) frames.push(bytes.subarray(at, end));
    else skipped += 1;
    if (frames.length + skipped > maxFrames) return undefined;
    at = end;
  }
  return frames.length === 0 ? undefined : frames;
}

/** The offset behind the skippable frame at `at`, which may lie behind the bytes; undefined where there is none. */
function endOfSkippable(bytes: Buffer, at: number): number | undefined {
  if (bytes.length - at < skippableHeadBytes) return undefined;
  if ((bytes.readUInt32LE(at) & ~0x0f) >>> 0 !== skippableMagic) return undefined;
  return at + skippableHeadBytes + bytes.readUInt32LE(at + 4);
}

/** The offset behind the frame at `start`, which may lie behind the bytes; undefined where there is none. */
function endOfFrame(bytes: Buffer, start: number): number | undefined {
  const descriptor = bytes[start + magic.length];
  if (descriptor === undefined || magic.some((byte, at) => bytes[start + at] !== byte)) return undefined;
  const hasChecksum = (descriptor & 0x04) !== 0;
  let at = start + magic.length + frameHeadBytes(descriptor);
  for (;;) {
    // Three little-endian bytes: last block (1 bit), type (2 bits), size.
    const low = bytes[at];
    const middle = bytes[at + 1];
    const high = bytes[at + 2];
    if (low === undefined || middle === undefined || high === undefined) return undefined;
    const type = (low >> 1) & 0x03;
    if (type === reservedBlock) return undefined;
    const size = (low >> 3) | (middle << 5) | (high << 13);
    at += blockHeadBytes + (type === runLengthBlock ? 1 : size);
    if ((low & 0x01) !== 0) return at + (hasChecksum ? checksumBytes : 0);
  }
}

/** Bytes of the frame head that begins with the descriptor, which counts. */
function frameHeadBytes(descriptor: number): number {
  const contentSizeFlag = descriptor >> 6;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const windowBytes = isSingleSegment ? 0 : 1;
  // A single segment always says its size, in one byte at least.
  const sizeBytes = isSingleSegment && contentSizeFlag === 0 ? 1 : (contentSizeBytes[contentSizeFlag] ?? 0);
  return 1 + windowBytes + (dictionaryIdBytes[descriptor & 0x03] ?? 0) + sizeBytes;
}

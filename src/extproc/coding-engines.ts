import type { Transform } from 'node:stream';
import zlib from 'node:zlib';
import type { Coding } from '../exchange/events.ts';
import { zstdFrames } from './zstd-frame.ts';

/** A decompressor as a stream; `bytesWritten` counts the input that it has used. */
export type Engine = Transform & { readonly bytesWritten: number };

/** What a decompressor of the synchronous interface gives with `info: true`. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** How one content coding is undone. */
interface CodingEngine {
  /**
   * Cuts the input into streams that are decompressed one by one, their contents joined; undefined where it cannot be
   * whole. What the decompressor finds by itself on every Node is left to it.
   */
  parts(input: Buffer): readonly Buffer[] | undefined;
  stream(input: Buffer): Engine;
  /** @throws Error for bytes that are not of this coding, and `ERR_BUFFER_TOO_LARGE` over `maxOutputLength` */
  inline(input: Buffer, maxOutputLength: number): Inflated;
}

/** Output is made and counted in pieces of this size. */
const chunkSize = 64 * 1024;

const onePart = (input: Buffer): readonly Buffer[] => [input];

/** The largest window of the content coding zstd (RFC 9659): more is memory that a few bytes can claim. */
const zstdParams = { [zlib.constants.ZSTD_d_windowLogMax]: 23 };

const engines: Readonly<Record<Coding, CodingEngine>> = {
  gzip: {
    parts: onePart,
    stream: () => zlib.createGunzip({ chunkSize }),
    inline: (input, maxOutputLength) => inflated(zlib.gunzipSync(input, withInfo(maxOutputLength))),
  },
  deflate: {
    parts: onePart,
    stream: (input) =>
      hasZlibHeader(input) ? zlib.createInflate({ chunkSize }) : zlib.createInflateRaw({ chunkSize }),
    inline: (input, maxOutputLength) => {
      const options = withInfo(maxOutputLength);
      return inflated(
        hasZlibHeader(input) ? zlib.inflateSync(input, options) : zlib.inflateRawSync(input, options),
      );
    },
  },
  br: {
    parts: onePart,
    stream: () => zlib.createBrotliDecompress({ chunkSize }),
    inline: (input, maxOutputLength) => inflated(zlib.brotliDecompressSync(input, withInfo(maxOutputLength))),
  },
  zstd: {
    parts: zstdFrames,
    stream: () => zlib.createZstdDecompress({ chunkSize, params: zstdParams }),
    inline: (input, maxOutputLength) =>
      inflated(zlib.zstdDecompressSync(input, { ...withInfo(maxOutputLength), params: zstdParams })),
  },
};

/** The engine of a coding. */
export function engineOf(coding: Coding): CodingEngine {
  return engines[coding];
}

/**
 * `deflate` is the zlib format (RFC 9110, section 8.4.1.2), but some senders leave its header out. A raw stream
 * cannot be taken for the format: it would have to begin with a stored block whose padding is not zero.
 */
function hasZlibHeader(input: Buffer): boolean {
  const [method, flags] = input;
  if (method === undefined || flags === undefined) return true;
  return (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0;
}

function withInfo(maxOutputLength: number): { maxOutputLength: number; info: true } {
  return { maxOutputLength, info: true };
}

/** The types of Node do not know the option `info`, with which the result is more than a buffer. */
function inflated(result: unknown): Inflated {
  return result as Inflated;
}

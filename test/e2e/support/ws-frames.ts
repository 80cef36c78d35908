/**
 * Frames of RFC 6455 for the two ends of the tests. Written apart from the product's reader, so that neither can hide a
 * fault of the other.
 */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One frame; its payload is unmasked. */
export interface Frame {
  readonly fin: boolean;
  /** The three reserved bits, 0–7. */
  readonly reserved: number;
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

/** A complete data message. */
export interface Message {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** What a Close says; 1005 where it holds no code (RFC 6455, section 7.1.5). */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** A frame to encode. */
export interface FrameOptions {
  readonly fin?: boolean;
  readonly opcode: number;
  readonly payload?: Buffer | string;
  /** Four bytes; masked where they are given, as each frame of a client must be. */
  readonly mask?: Buffer;
}

export function encodeFrame({ fin = true, opcode, payload = '', mask }: FrameOptions): Buffer {
  const data = Buffer.from(payload);
  const head = [(fin ? 0x80 : 0) | opcode];
  const maskBit = mask === undefined ? 0 : 0x80;
  if (data.length < 126) head.push(maskBit | data.length);
  else if (data.length < 65_536) head.push(maskBit | 126, data.length >> 8, data.length & 0xff);
  else {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(data.length));
    head.push(maskBit | 127, ...length);
  }
  if (mask === undefined) return Buffer.concat([Buffer.from(head), data]);
  return Buffer.concat([Buffer.from(head), mask, masked(data, mask)]);
}

/** The payload of a Close. */
export function closePayload(code: number, reason = ''): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

/** The complete frames at the front of `bytes`, and what is left behind them. */
export function decodeFrames(bytes: Buffer): { readonly frames: Frame[]; readonly rest: Buffer } {
  const frames: Frame[] = [];
  let rest = bytes;
  for (;;) {
    const decoded = decodeFrame(rest);
    if (decoded === undefined) return { frames, rest };
    frames.push(decoded.frame);
    rest = rest.subarray(decoded.size);
  }
}

/** The data messages that the frames make up; an open one at the end is left out. */
export function messagesOf(frames: readonly Frame[]): Message[] {
  const messages: Message[] = [];
  let open: { readonly opcode: number; readonly parts: Buffer[] } | undefined;
  for (const { fin, opcode, payload } of frames) {
    if (opcode >= OPCODE.close) continue;
    if (opcode !== OPCODE.continuation) open = { opcode, parts: [] };
    open?.parts.push(payload);
    if (!fin || open === undefined) continue;
    messages.push({ opcode: open.opcode, payload: Buffer.concat(open.parts) });
    open = undefined;
  }
  return messages;
}

/** The first Close among the frames. */
export function closeOf(frames: readonly Frame[]): Close | undefined {
  const payload = frames.find(({ opcode }) => opcode === OPCODE.close)?.payload;
  if (payload === undefined) return undefined;
  if (payload.length < 2) return { code: 1005, reason: '' };
  return { code: payload.readUInt16BE(), reason: payload.toString('utf8', 2) };
}

function masked(data: Buffer, mask: Buffer): Buffer {
  const result = Buffer.allocUnsafe(data.length);
  for (let index = 0; index < data.length; index += 1)
    result[index] = (data[index] ?? 0) ^ (mask[index & 3] ?? 0);
  return result;
}

function decodeFrame(bytes: Buffer): { readonly frame: Frame; readonly size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  let length = second & 0x7f;
  let at = 2;
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    length = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  const isMasked = second >= 0x80;
  const mask = isMasked ? bytes.subarray(at, at + 4) : undefined;
  if (isMasked) at += 4;
  const size = at + length;
  if (bytes.length < size) return undefined;
  const data = Buffer.from(bytes.subarray(at, size));
  const frame: Frame = {
    fin: first >= 0x80,
    reserved: (first >> 4) & 7,
    opcode: first & 0x0f,
    masked: isMasked,
    payload: mask === undefined ? data : masked(data, mask),
  };
  return { frame, size };
}

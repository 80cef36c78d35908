/** Frames of RFC 6455 made without the code under test. */
export interface FrameParts {
  readonly fin?: boolean;
  readonly opcode?: number;
  readonly rsv?: number;
  /** Undefined for an unmasked frame. */
  readonly mask?: readonly [number, number, number, number] | undefined;
}

export const MASK = [0x11, 0x22, 0x33, 0x44] as const;
export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One frame of a client (masked) or, with `mask: undefined`, of a provider. */
export function frame(payload: string | Uint8Array, parts: FrameParts = {}): Buffer {
  const { fin = true, opcode = OPCODES.text, rsv = 0 } = parts;
  const mask = 'mask' in parts ? parts.mask : MASK;
  const bytes = Buffer.from(payload);
  const length = bytes.length;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const masked = mask === undefined ? 0 : 0x80;
  if (length < 126) head.push(masked | length);
  else if (length < 65_536) head.push(masked | 126, length >> 8, length & 255);
  else
    head.push(
      masked | 127,
      0,
      0,
      0,
      0,
      length >>> 24,
      (length >> 16) & 255,
      (length >> 8) & 255,
      length & 255,
    );
  if (mask === undefined) return Buffer.concat([Buffer.from(head), bytes]);
  const body = bytes.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from(head), Buffer.from(mask), body]);
}

/** One frame of a provider. */
export function serverFrame(payload: string | Uint8Array, parts: FrameParts = {}): Buffer {
  return frame(payload, { ...parts, mask: undefined });
}

/** A Close with a code and a reason. */
export function closeFrame(code: number, reason = '', parts: FrameParts = {}): Buffer {
  return frame(Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]), {
    ...parts,
    opcode: OPCODES.close,
  });
}

/** A frame as it was read. */
export interface ReadFrame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

/** Reads whole frames; throws where the bytes end inside one. */
export function readFrames(bytes: Buffer): ReadFrame[] {
  const frames: ReadFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes.readUInt8(at);
    const second = bytes.readUInt8(at + 1);
    at += 2;
    let length = second & 127;
    if (length === 126) {
      length = bytes.readUInt16BE(at);
      at += 2;
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(at));
      at += 8;
    }
    const masked = (second & 128) !== 0;
    const mask = bytes.subarray(at, at + 4);
    if (masked) at += 4;
    if (at + length > bytes.length) throw new Error('the bytes end inside a frame');
    const payload = Buffer.from(bytes.subarray(at, at + length));
    if (masked) for (const [index, byte] of payload.entries()) payload[index] = byte ^ (mask[index % 4] ?? 0);
    frames.push({ fin: (first & 128) !== 0, opcode: first & 15, masked, payload });
    at += length;
  }
  return frames;
}

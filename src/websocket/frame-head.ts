/** Opcodes of RFC 6455, section 5.2. */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** An opcode by its name. */
export type Opcode = keyof typeof OPCODE;

/** Most payload bytes of a control frame (RFC 6455, section 5.5). */
export const MAX_CONTROL_PAYLOAD = 125;

/** Bytes of the longest frame head: two, a length of eight, a mask of four. */
export const MAX_HEAD_BYTES = 14;

/** What stands before the payload of a frame (RFC 6455, section 5.2). */
export interface FrameHead {
  readonly fin: boolean;
  /** The three reserved bits as a number. */
  readonly rsv: number;
  readonly opcode: number;
  /** The four bytes of the mask as one number, the first byte highest; undefined for an unmasked frame. */
  readonly mask: number | undefined;
  /** Payload bytes; infinite from 2^53 on, where not every number can be told from its neighbour. */
  readonly length: number;
  /** Whether the length has its shortest form and no forbidden sign bit. */
  readonly wellFormed: boolean;
  /** Bytes of the head itself. */
  readonly bytes: number;
}

/** Whether an opcode is that of a control frame. */
export function isControl(opcode: number): boolean {
  return (opcode & 0x8) !== 0;
}

/** Whether an opcode has no meaning (RFC 6455, section 5.2). */
export function isReserved(opcode: number): boolean {
  return (opcode > OPCODE.binary && opcode < OPCODE.close) || opcode > OPCODE.pong;
}

/** What has come of a head, with as many bytes from `at` on as its rest can have. */
export function joinHead(early: Uint8Array, bytes: Uint8Array, at: number): Uint8Array {
  const more = bytes.subarray(at, at + MAX_HEAD_BYTES - early.length);
  const joined = new Uint8Array(early.length + more.length);
  joined.set(early);
  joined.set(more, early.length);
  return joined;
}

/** Reads the head that begins at `at`; undefined where its bytes have not all come. */
export function readFrameHead(bytes: Uint8Array, at: number): FrameHead | undefined {
  const available = bytes.length - at;
  if (available < 2) return undefined;
  const first = bytes[at]!;
  const second = bytes[at + 1]!;
  const masked = (second & 0x80) !== 0;
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const headBytes = 2 + lengthBytes + (masked ? 4 : 0);
  if (available < headBytes) return undefined;
  let length = short;
  let wellFormed = true;
  if (lengthBytes === 2) {
    length = bytes[at + 2]! * 256 + bytes[at + 3]!;
    wellFormed = length > 125;
  } else if (lengthBytes === 8) {
    length = readNumber(bytes, at + 2) * 2 ** 32 + readNumber(bytes, at + 6);
    wellFormed = length > 0xffff && bytes[at + 2]! < 0x80;
    if (length > Number.MAX_SAFE_INTEGER) length = Number.POSITIVE_INFINITY;
  }
  return {
    fin: (first & 0x80) !== 0,
    rsv: (first >> 4) & 0x7,
    opcode: first & 0xf,
    mask: masked ? readNumber(bytes, at + 2 + lengthBytes) : undefined,
    length,
    wellFormed,
    bytes: headBytes,
  };
}

function readNumber(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
}

import { closePayload } from './close.ts';
import { isControl, MAX_CONTROL_PAYLOAD, OPCODE, type Opcode } from './frame-head.ts';
import { applyMask } from './mask.ts';

export { closePayload, cutReason } from './close.ts';

const FIN = 0x80;
const MASKED = 0x80;

/** One final, unmasked text frame, as a server sends it; half a surrogate pair becomes U+FFFD. */
export function encodeServerText(text: string): Buffer {
  return encodeServer('text', Buffer.from(text));
}

/** A Close as a server sends it; the reason is cut to 123 bytes. */
export function encodeServerClose(code: number, reason: string): Buffer {
  return encodeServer('close', closePayload(code, reason));
}

/** One final, unmasked frame, as a server sends it. @throws RangeError for a control frame of more than 125 bytes */
export function encodeServer(opcode: Opcode, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headBytes(payload.length) + payload.length);
  frame.set(payload, writeHead(frame, opcode, payload.length, 0));
  return frame;
}

/**
 * One final frame as a client sends it; the payload itself is not changed.
 *
 * @param mask four bytes that nobody can guess (RFC 6455, section 5.3)
 * @throws RangeError where the mask is of another length, or a control frame would have more than 125 bytes
 */
export function encodeMasked(opcode: Opcode, payload: Uint8Array, mask: Uint8Array): Buffer {
  if (mask.length !== 4) throw new RangeError(`a mask has four bytes, not ${mask.length}`);
  const frame = Buffer.allocUnsafe(headBytes(payload.length) + 4 + payload.length);
  const at = writeHead(frame, opcode, payload.length, MASKED);
  frame.set(mask, at);
  frame.set(payload, at + 4);
  applyMask(frame, at + 4, frame.length, frame.readUInt32BE(at));
  return frame;
}

/** The shortest form of the length is a rule (RFC 6455, section 5.2). */
function headBytes(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** @returns where the head ends, the mask not counted */
function writeHead(frame: Buffer, opcode: Opcode, length: number, masked: number): number {
  if (isControl(OPCODE[opcode]) && length > MAX_CONTROL_PAYLOAD) {
    throw new RangeError(`a ${opcode} frame has at most ${MAX_CONTROL_PAYLOAD} bytes, not ${length}`);
  }
  frame[0] = FIN | OPCODE[opcode];
  if (length < 126) {
    frame[1] = masked | length;
    return 2;
  }
  if (length < 65_536) {
    frame[1] = masked | 126;
    return frame.writeUInt16BE(length, 2);
  }
  frame[1] = masked | 127;
  frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
  return frame.writeUInt32BE(length % 2 ** 32, 6);
}

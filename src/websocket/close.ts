import { isUtf8 } from 'node:buffer';
import { MAX_CONTROL_PAYLOAD } from './frame-head.ts';

/** Most bytes of a close reason: what a control frame holds behind the code (RFC 6455, section 5.5.1). */
const MAX_REASON_BYTES = MAX_CONTROL_PAYLOAD - 2;

/** Cut to what a Close can hold, at a character's edge; half a surrogate pair becomes U+FFFD. */
export function cutReason(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= MAX_REASON_BYTES) return bytes.toString();
  let end = MAX_REASON_BYTES;
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** The payload of a Close. */
export function closePayload(code: number, reason: string): Buffer {
  const text = Buffer.from(cutReason(reason));
  const payload = Buffer.alloc(2 + text.length);
  payload.writeUInt16BE(code);
  text.copy(payload, 2);
  return payload;
}

/** What a Close of a client says. */
export type CloseReading =
  | { readonly ok: true; readonly code: number | undefined }
  | { readonly ok: false; readonly code: 'protocol_error' | 'invalid_utf8'; readonly reason: string };

/** Reads the payload of a Close (RFC 6455, sections 5.5.1 and 7.4). */
export function readClose(payload: Buffer): CloseReading {
  if (payload.length === 0) return { ok: true, code: undefined };
  if (payload.length === 1) return { ok: false, code: 'protocol_error', reason: 'a Close of one byte' };
  const code = payload.readUInt16BE();
  if (!mayBeSent(code))
    return { ok: false, code: 'protocol_error', reason: 'a close code that may not stand in a frame' };
  if (!isUtf8(payload.subarray(2)))
    return { ok: false, code: 'invalid_utf8', reason: 'a close reason that is not UTF-8' };
  return { ok: true, code };
}

/** RFC 6455, section 7.4, and IANA's registry: 1004 to 1006 and 1015 never stand in a frame. */
function mayBeSent(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/** Bytes of the character that a lead byte begins (RFC 3629, section 3); 1 for what begins none. */
function lengthOf(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 1;
}

/** A second byte that is allowed behind the lead byte (RFC 3629, section 4). */
function secondByte(lead: number): number {
  return lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
}

/** The last three bytes of a text as one number, the last one lowest; 0 for a text without any. */
export function nextTail(tail: number, bytes: Uint8Array): number {
  let next = tail;
  for (let at = Math.max(0, bytes.length - 3); at < bytes.length; at++) {
    next = ((next << 8) | bytes[at]!) & 0xffffff;
  }
  return next;
}

/** The bytes that complete the character in which a text stops; none where it stops between two. */
export function completion(tail: number): Uint8Array {
  for (let back = 1; back <= 3; back++) {
    const byte = (tail >> (8 * (back - 1))) & 0xff;
    if ((byte & 0xc0) === 0x80) continue;
    const bytes = new Uint8Array(Math.max(0, lengthOf(byte) - back)).fill(0x80);
    if (back === 1 && bytes.length > 0) bytes[0] = secondByte(byte);
    return bytes;
  }
  return new Uint8Array(0);
}

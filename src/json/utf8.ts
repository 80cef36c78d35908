import { isUtf8 } from 'node:buffer';

const BLOCK = 1024;

/**
 * The offset of the first character that is not UTF-8 (RFC 3629: no overlong forms, no surrogates), or -1.
 * The whole text is checked natively; the place is searched for only in a text that is already refused.
 */
export function findInvalidUtf8(bytes: Buffer): number {
  if (isUtf8(bytes)) return -1;
  let start = 0;
  for (;;) {
    let end = Math.min(bytes.length, start + BLOCK);
    while (end > start && isContinuation(bytes, end)) end--;
    if (end === start || !isUtf8(bytes.subarray(start, end))) return firstInvalidCharacter(bytes, start);
    start = end;
  }
}

/** As `findInvalidUtf8`, character by character; one stands within about a block after `start`. */
function firstInvalidCharacter(bytes: Buffer, start: number): number {
  let i = start;
  while (i < bytes.length && isUtf8(bytes.subarray(i, i + sizeOfCharacter(bytes[i]!))))
    i += sizeOfCharacter(bytes[i]!);
  return i;
}

/** The number of bytes that a lead byte announces. */
function sizeOfCharacter(lead: number): number {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

function isContinuation(bytes: Buffer, at: number): boolean {
  return at < bytes.length && (bytes[at]! & 0xc0) === 0x80;
}

import type { JsonFault, JsonFaultCode } from './types.ts';

/**
 * Carries a fault from the place where it is noticed to the door of the reader, which turns it into a result.
 * It never leaves this folder.
 */
export class UnreadableJson extends Error {
  readonly fault: JsonFault;

  constructor(code: JsonFaultCode, offset: number, reason: string) {
    super(reason);
    this.fault = { code, offset, reason };
  }
}

/** The text breaks the grammar of RFC 8259 at `offset`. */
export function malformed(offset: number, reason: string): UnreadableJson {
  return new UnreadableJson('malformed_json', offset, reason);
}

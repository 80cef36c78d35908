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

/** What stands at `offset`, where the name of a member must start, is no string. */
export function nameMissing(offset: number): UnreadableJson {
  return malformed(offset, 'a member name in double quotes is missing');
}

/** The object or array at `offset` is one level too deep. */
export function tooDeep(offset: number, limit: number): UnreadableJson {
  return new UnreadableJson('json_too_deep', offset, `the text is nested deeper than ${limit} levels`);
}

/** The member at `offset` is one too many. */
export function tooManyMembers(offset: number, limit: number): UnreadableJson {
  return new UnreadableJson('json_too_many_members', offset, `the text has more than ${limit} members`);
}

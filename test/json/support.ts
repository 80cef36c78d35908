import { compilePlan } from '../../src/json/plan.ts';
import { readJson } from '../../src/json/reader.ts';
import type { FoundMember, JsonFault, JsonLimits, JsonReading } from '../../src/json/types.ts';

/** The limits that the configuration has by default. */
export const LIMITS: JsonLimits = { depth: 512, members: 1_000_000 };

/** Paths with every shape that a dialect uses. */
export const PATHS = [
  'model',
  'service_tier',
  'fallbacks[].speed',
  'session',
  'session.model',
  'response.service_tier',
];

export const PLAN = compilePlan(PATHS);

/** The reading of a text that must be readable. */
export function read(text: string | Buffer, paths: readonly string[] = PATHS, limits = LIMITS): JsonReading {
  const result = readJson(Buffer.from(text as string), compilePlan(paths), limits);
  if (!result.ok) throw new Error(`${result.fault.code} at ${result.fault.offset}: ${result.fault.reason}`);
  return result.reading;
}

/** The fault of a text that must be refused. */
export function faultOf(text: string | Buffer, paths: readonly string[] = PATHS, limits = LIMITS): JsonFault {
  const result = readJson(Buffer.from(text as string), compilePlan(paths), limits);
  if (result.ok) throw new Error('the text was read');
  return result.fault;
}

/** The one member found at `location`. */
export function memberAt(reading: JsonReading, location: string): FoundMember {
  const found = reading.members.filter((member) => member.location === location);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} members at ${location}`);
  return found[0];
}

/** The source of a found member's value. */
export function sourceOf(text: string | Buffer, member: FoundMember): string {
  return Buffer.from(text as string).toString('utf8', member.valueStart, member.valueEnd);
}

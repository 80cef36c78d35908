import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { UnreadableJson } from '../../src/json/faults.ts';
import { Scanner } from '../../src/json/scanner.ts';
import type { JsonFault, JsonLimits } from '../../src/json/types.ts';
import { type WasmScanner, wasmScanner } from '../../src/json/wasm-scanner.ts';
import { LIMITS } from '../json/support.ts';
import { damagedText, legalText } from './json-texts.ts';

/** Limits that some texts keep and others do not. */
const limits = fc.record({
  depth: fc.oneof(fc.nat(4), fc.constant(LIMITS.depth)),
  members: fc.oneof(fc.nat(12), fc.constant(LIMITS.members)),
});

/** Reads a text as a value and, from its first quote on, as the members of an object. */
function outcome(bytes: Buffer, bounds: JsonLimits, wasm: WasmScanner | undefined): number | JsonFault {
  const scanner = new Scanner(bytes, bounds, wasm);
  try {
    scanner.skipValue(scanner.skipWhiteSpace(0), 1);
    let at = bytes.indexOf('"');
    if (at < 0) return 0;
    // Counted on: what the first call found stays within the same limit.
    for (;;) {
      at = scanner.skipWhiteSpace(scanner.skipMember(at, 1));
      if (scanner.peek(at) !== 0x2c) return at;
      at = scanner.skipWhiteSpace(at + 1);
    }
  } catch (error) {
    if (error instanceof UnreadableJson) return error.fault;
    throw error;
  }
}

test('with WebAssembly and without: the same ends and the same faults at the same offsets', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.oneof(
        legalText.map((text) => Buffer.from(text)),
        damagedText,
      ),
      limits,
      (bytes, bounds) => {
        const expected = outcome(bytes, bounds, undefined);
        expect(outcome(bytes, bounds, wasmScanner)).toEqual(expected);
        const kind = typeof expected === 'number' ? 'read' : expected.code;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      },
    ),
    { numRuns: 3000 },
  );
  // The generator must keep producing each outcome.
  for (const kind of ['read', 'malformed_json', 'json_too_deep', 'json_too_many_members'])
    expect([kind, (seen.get(kind) ?? 0) > 50]).toEqual([kind, true]);
});

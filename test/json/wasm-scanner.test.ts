import { describe, expect, test } from 'vitest';
import { UnreadableJson } from '../../src/json/faults.ts';
import { readJson } from '../../src/json/reader.ts';
import { Scanner } from '../../src/json/scanner.ts';
import { createWasmScanner, wasmScanner } from '../../src/json/wasm-scanner.ts';
import { LIMITS, memberAt, PLAN, read } from './support.ts';

const MEBIBYTE = 1024 * 1024;

/** Where the value at `at` ends, in WebAssembly alone; undefined where it finds none. */
function endInWasm(text: string | Buffer, at = 0, levels = 512): number | undefined {
  const bytes = Buffer.from(text as string);
  if (wasmScanner?.load(bytes) !== true) throw new Error('the text is not taken');
  const end = wasmScanner.skip(at, levels, false);
  return end < 0 ? undefined : end;
}

/** The same in TypeScript alone. */
function endHere(text: string | Buffer, at = 0): number | undefined {
  try {
    return new Scanner(Buffer.from(text as string), LIMITS, undefined).skipValue(at, 0);
  } catch (error) {
    if (error instanceof UnreadableJson) return undefined;
    throw error;
  }
}

/** A text of `size` bytes with a tier behind a long string. */
function textOf(size: number): Buffer {
  const [head, tail] = ['{"a":"', '","service_tier":"fast"}'];
  return Buffer.from(`${head}${'x'.repeat(size - head.length - tail.length)}${tail}`);
}

test('the engine that runs the tests has it', () => {
  expect(wasmScanner).toBeDefined();
});

test('without it the scanner reads in TypeScript', () => {
  expect(createWasmScanner('')).toBeUndefined();
  expect(createWasmScanner(Buffer.from('no module').toString('base64'))).toBeUndefined();
  expect(endHere('{"a":[1,"x\\n"]} ')).toBe(15);
});

describe('ends where the scanner in TypeScript ends', () => {
  test('each byte at each place of a block in a string, alone and as an escape', () => {
    for (let before = 0; before < 34; before++) {
      for (let byte = 0; byte < 256; byte++) {
        for (const backslashes of ['', '\\', '\\\\']) {
          const text = Buffer.concat([
            Buffer.from(`"${'x'.repeat(before)}${backslashes}`),
            Buffer.of(byte),
            Buffer.from('1aF0","'),
          ]);
          if (endInWasm(text) !== endHere(text))
            expect([text, endInWasm(text)]).toEqual([text, endHere(text)]);
        }
      }
    }
  });

  test.each([
    'true',
    'false',
    'null',
    '-0',
    '-12.50e+10',
    '0E-1',
    '"\\u00Af"',
    '[{"a" : {} ,\n"b":[ ]}, []\t]',
  ])('%s with each byte in each place, and cut short', (value) => {
    for (let place = 0; place <= value.length; place++) {
      for (let byte = 0; byte < 256; byte++) {
        const text = Buffer.from(`${value}, `);
        text[place] = byte;
        if (endInWasm(text) !== endHere(text)) expect([text, endInWasm(text)]).toEqual([text, endHere(text)]);
      }
      const cut = value.slice(0, place);
      expect(endInWasm(cut)).toBe(endHere(cut));
    }
  });
});

test('depth: as many levels as are asked for, and no more than it has room for', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  expect(endInWasm(nested(512))).toBe(1024);
  expect(endInWasm(nested(513))).toBeUndefined();
  expect(endInWasm('[]', 0, 0)).toBeUndefined();
  expect(endInWasm('[]', 0, -1)).toBeUndefined();
  expect(endInWasm('1', 0, 0)).toBe(1);
  expect(endInWasm(nested(4032), 0, 100_000)).toBe(8064);
  expect(endInWasm(nested(4033), 0, 100_000)).toBeUndefined();
  // The scanner in TypeScript takes over.
  read(`{"a":${nested(9999)}}`, undefined, { ...LIMITS, depth: 10_000 });
});

test('the members of one value are counted, its own name among them where it is a member', () => {
  const text = '"a":{"b":[{"c":1},{}],"d":{"e":{}}}';
  endInWasm(text, 4);
  expect(wasmScanner?.members).toBe(4);
  wasmScanner?.skip(0, 512, true);
  expect(wasmScanner?.members).toBe(5);
});

describe('one text after the other', () => {
  test('nothing of a longer text before is looked at', () => {
    const rest = 'x",1]}"'.repeat(20);
    for (const text of [
      '"',
      '"abc',
      '"abc\\',
      '"\\u12',
      '[',
      '[1',
      '[1,',
      '{"a',
      '{"a"',
      '{"a":',
      '-',
      '1.',
      'tr',
      '',
    ]) {
      endInWasm(`${text}${rest}`);
      expect(endInWasm(text)).toBeUndefined();
    }
  });

  test('of sizes up to the largest that it takes, beyond, and small again', () => {
    for (const size of [
      100,
      131_000,
      131_056,
      131_057,
      132_000,
      MEBIBYTE,
      4 * MEBIBYTE,
      4 * MEBIBYTE + 1,
      100,
    ]) {
      const text = textOf(size);
      const member = memberAt(read(text), 'service_tier');
      expect([member.text, member.valueEnd]).toEqual(['fast', size - 1]);
      expect(wasmScanner?.load(text)).toBe(size <= 4 * MEBIBYTE);
      text[size - 30] = 0x1f;
      expect(readJson(text, PLAN, LIMITS)).toMatchObject({ ok: false, fault: { offset: size - 30 } });
    }
  });
});

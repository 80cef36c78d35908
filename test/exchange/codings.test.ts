import { describe, expect, test } from 'vitest';
import { MAX_CODINGS, readContentEncoding } from '../../src/exchange/codings.ts';

const read = (...values: readonly string[]) =>
  readContentEncoding([
    { name: 'content-type', value: 'gzip' },
    ...values.map((value) => ({ name: 'content-encoding', value })),
  ]);

describe('content-encoding', () => {
  test.each([
    ['none', [], []],
    ['identity', ['identity'], []],
    ['an empty line', [''], []],
    ['gzip', ['gzip'], ['gzip']],
    ['its old name, in any case', [' X-GZip '], ['gzip']],
    ['every coding', ['gzip, deflate,br ,zstd'], ['gzip', 'deflate', 'br', 'zstd']],
    ['several lines in order', ['br', 'identity, gzip'], ['br', 'gzip']],
    ['empty elements', [',gzip,, '], ['gzip']],
  ])('%s', (_, values, codings) => {
    expect(read(...values)).toEqual({ supported: true, codings });
  });

  test.each([
    ['compress', ['compress']],
    ['one unknown of two', ['gzip, exi']],
    ['a parameter', ['gzip;q=1']],
    ['too many', [Array.from({ length: MAX_CODINGS + 1 }, () => 'gzip').join()]],
  ])('%s is not supported', (_, values) => {
    expect(read(...values)).toEqual({ supported: false });
  });

  test('as many as the limit are', () => {
    expect(read(Array.from({ length: MAX_CODINGS }, () => 'gzip').join()).supported).toBe(true);
  });
});

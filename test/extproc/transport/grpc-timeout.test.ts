import { expect, it } from 'vitest';
import { readTimeout } from '../../../src/extproc/transport/grpc-timeout.ts';

it.each([
  ['1H', 3_600_000],
  ['2M', 120_000],
  ['30S', 30_000],
  ['200m', 200],
  ['1500u', 1.5],
  ['99999999n', 99.999999],
  ['0S', 0],
  ['99999999H', 2 ** 31 - 1],
])('reads %s as %d milliseconds', (text, expected) => {
  expect(readTimeout(text)).toBeCloseTo(expected, 9);
});

it.each(['', '1', 'S', '1s', '-1S', '1.5S', '123456789S', '1S ', '1Sm'])('refuses %j', (text) => {
  expect(readTimeout(text)).toBeUndefined();
});

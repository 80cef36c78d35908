import { describe, expect, test } from 'vitest';
import { hasForeignCharset, isForm } from '../../src/exchange/content-type.ts';

const lines = (...values: readonly string[]) => [
  { name: 'accept', value: 'text/plain; charset=utf-7' },
  ...values.map((value) => ({ name: 'content-type', value })),
];

describe('the charset of a body', () => {
  test.each([
    [],
    ['application/json'],
    ['application/json; charset=utf-8'],
    ['application/json;charset="UTF8" ; x=y'],
    ['text/plain; Charset = US-ASCII'],
    ['application/json; charset=ISO-8859-1'],
    ['application/json; charset='],
    ['application/json; charset=utf-8, application/json; charset=utf-8'],
  ])('is that of JSON: %s', (...values) => {
    expect(hasForeignCharset(lines(...values))).toBe(false);
  });

  test.each([
    ['application/json; charset=utf-7'],
    ['application/json; charset=utf-16le'],
    ['application/json; charset=cp037'],
    ['application/json; charset="utf-7"'],
    ["application/json; charset*=us-ascii''utf-7"],
    ['application/json; charset*0=utf; charset*1=-7'],
    ['application/json; charset=utf-8; charset=utf-7'],
    ['application/json; charset=utf-8', 'application/json; CHARSET=UTF-7'],
    ['application/json; charset="utf-8'],
    ['application/json; charset=utf-8-7'],
    ['application/json; charset="utf\\-7"'],
  ])('may be another: %s', (...values) => {
    expect(hasForeignCharset(lines(...values))).toBe(true);
  });
});

test('a form is known by its media type, in any case and on any line', () => {
  expect(isForm(lines('application/json', 'Application/X-WWW-Form-UrlEncoded; a=b'))).toBe(true);
  expect(isForm(lines('application/json'))).toBe(false);
  expect(isForm([{ name: 'accept', value: 'application/x-www-form-urlencoded' }])).toBe(false);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPath } from '../../src/exchange/path.ts';

const latin1 = (text: string) => Buffer.from(text).toString('latin1');

describe('the normal form of a path', () => {
  test.each([
    ['/v1/responses', '/v1/responses'],
    ['/v1/responses?a=/chat/completions', '/v1/responses'],
    ['/v1/responses#x', '/v1/responses'],
    ['/V1/Responses/', '/v1/responses'],
    ['//v1///responses//', '/v1/responses'],
    ['/v1/./responses/.', '/v1/responses'],
    ['/v1/x/../responses', '/v1/responses'],
    ['/../../v1/responses', '/v1/responses'],
    ['/v1/%72%65sponses', '/v1/responses'],
    ['/v1%2Fresponses', '/v1/responses'],
    ['/v1\\responses', '/v1/responses'],
    ['/v1/responses;v=1', '/v1/responses'],
    ['/v1;a/;b/responses;c=d/', '/v1/responses'],
    ['', '/'],
    ['/', '/'],
    ['*', '/*'],
    ['http://host/v1/responses', '/http:/host/v1/responses'],
    ['/caf%C3%A9/É', '/café/É'],
    ['/model/arn:aws:bedrock%3Ax/invoke', '/model/arn:aws:bedrock:x/invoke'],
  ])('%s is %s', (raw, normal) => {
    expect(readPath(latin1(raw))?.normal).toBe(normal);
  });

  test.each([
    ['a NUL', '/v1/%00'],
    ['an escaped NUL', '/v1/%2500'],
    ['a raw NUL', '/v1/\0'],
    ['a broken escape', '/v1/%zz'],
    ['a cut escape', '/v1/responses%2'],
    ['bytes that are no UTF-8', '/v1/%ff'],
    ['raw bytes that are no UTF-8', '/v1/\xff'],
    ['escapes without end', '/v1/%25252525252525'],
    ['a parent behind an escaped one', '/v1/responses/%2e%2e/x'],
    ['a parent beside a parameter', '/v1/responses/x;y/..'],
    ['a parent with a parameter', '/v1/responses/..;/..'],
    ['a parent beside doubled slashes', '/v1/responses//..'],
    ['a parent beside a backslash', '/v1/responses/x\\y/..'],
    ['a doubly escaped parent', '/v1/responses/%252e%252e/x'],
  ])('%s cannot be normalised', (_, raw) => {
    expect(readPath(raw)).toBeUndefined();
  });

  test.each([
    ['a second decoding', '/v1/%2572esponses', '/v1/responses'],
    ['a third decoding', '/v1/%252572esponses', '/v1/responses'],
    ['an escape beside a broken one', '/v1/%25zz/%2572esponses', '/v1/%zz/responses'],
    ['an escaped query', '/v1/responses%3Fx', '/v1/responses'],
    ['an escaped fragment', '/v1/responses%23x', '/v1/responses'],
    ['a line end', '/v1/responses%0A', '/v1/responses'],
    ['a space', '/v1/responses%20', '/v1/responses'],
    ['dots at the end', '/v1/responses..', '/v1/responses'],
    ['dots at the end of a segment', '/v1/chat./completions%2e;a', '/v1/chat/completions'],
    ['what stands behind a semicolon', '/models/m;x:generateContent', '/models/m;x:generatecontent'],
    ['what stands behind an escaped semicolon', '/models/m%3Bx:rawPredict', '/models/m;x:rawpredict'],
    ['a space of another width', latin1('/v1/responses\u00a0'), '/v1/responses'],
    ['a mark that is not seen', latin1('/v1/resp\u200bonses\ufeff'), '/v1/responses'],
    ['a wide letter', latin1('/v1/ｒesponses'), '/v1/responses'],
    ['a wide slash', latin1('/v1／responses'), '/v1/responses'],
    ['a long s', latin1('/v1/reſponses'), '/v1/responses'],
    ['a letter with an ASCII capital', latin1('/v1/chat/completıons'), '/v1/chat/completions'],
  ])('%s is a further reading', (_, raw, further) => {
    const reading = readPath(raw);
    expect(reading?.normal).not.toBe(further);
    expect(reading?.further).toContain(further);
  });

  test('a long path is read where it is plain, and no longer than it takes little time', () => {
    const long = `/${'a'.repeat(60_000)}`;
    expect(readPath(`${long}?${'%20'.repeat(9_000)}`)).toEqual({ normal: long, further: [] });
    expect(readPath(`${long}%20`)).toBeUndefined();
    expect(readPath('/a'.repeat(2_000).concat('%20'))).toBeDefined();
  });

  test('ordinary paths have one reading', () => {
    for (const raw of ['/v1/files/a%20b%25', '/100%25', '/v1/responses/', '/a;b/c']) {
      const { normal = '', further = [] } = readPath(raw) ?? {};
      expect([normal, ...further.filter((path) => /responses|chat/.test(path))]).toEqual([normal]);
    }
    expect(readPath('/v1/100%25')?.further).toEqual([]);
  });

  test('no way of writing a governed path hides it', () => {
    const spellings = (letter: string): fc.Arbitrary<string> => {
      const hex = letter.charCodeAt(0).toString(16);
      const escaped = `%${hex}`;
      return fc.constantFrom(letter, letter.toUpperCase(), escaped, escaped.replace('%', '%25'));
    };
    const slash = fc.constantFrom('/', '//', '/./', '\\', '%2f', '%5C', '/;p=1/', '/.;x/');
    const word = fc.tuple(...[...'responses'].map(spellings)).map((letters) => letters.join(''));
    const tail = fc.constantFrom(
      '',
      '/',
      '//',
      ';a=b',
      '/;x',
      '?q',
      '#f',
      '/.',
      '%2f',
      '%3fx',
      '%20',
      '.',
      '%2e.',
      '%c2%a0',
    );
    fc.assert(
      fc.property(fc.constantFrom('', '/v1', '/a/b%20c'), slash, word, tail, (prefix, between, last, end) => {
        const reading = readPath(`${prefix}${between}${last}${end}`);
        const readings = reading === undefined ? [] : [reading.normal, ...reading.further];
        // Refused is as good as found.
        expect(reading === undefined || readings.some((path) => path.endsWith('/responses'))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('any text is read or refused, never a fault', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 40 }), (raw) => {
        const reading = readPath(raw);
        for (const path of reading === undefined ? [] : [reading.normal, ...reading.further]) {
          expect(path).toMatch(/^\/(?!.*[?\\])/s);
          expect(path.split('/')).not.toContain('..');
        }
        expect(reading?.normal ?? '/').not.toContain(';');
      }),
      { numRuns: 1000 },
    );
  });
});

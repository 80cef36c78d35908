import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FollowedPaths } from '../../../src/exchange/served-tier/followed-paths.ts';
import { MemberFollower } from '../../../src/exchange/served-tier/member-follower.ts';
import { everyCut, writeCut } from './cut.ts';

const PATHS = ['tier', 'usage.tier', 'a.b.tier'];
const plan = new FollowedPaths(PATHS);

interface Followed {
  readonly complete: boolean;
  readonly texts: readonly (string | undefined)[];
}

function follow(text: string | Buffer, cuts: readonly number[] = []): Followed {
  const follower = new MemberFollower(plan);
  writeCut(Buffer.from(text as string), cuts, (piece) => follower.write(piece));
  return { complete: follower.complete, texts: PATHS.map((path) => follower.textOf(path)) };
}

const NONE = PATHS.map(() => undefined);

/** What `JSON.parse` sees at the followed paths; it takes a repeated member in silence. */
function parse(text: string): Followed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { complete: false, texts: NONE };
  }
  const texts = PATHS.map((path) => {
    let at: unknown = value;
    for (const name of path.split('.')) {
      const isObject = typeof at === 'object' && at !== null && !Array.isArray(at);
      at = isObject && Object.hasOwn(at as object, name) ? (at as Record<string, unknown>)[name] : undefined;
    }
    return typeof at === 'string' ? at : undefined;
  });
  return { complete: true, texts };
}

describe('the members of a text', () => {
  test.each([
    ['{"tier":"x"}', ['x', undefined, undefined]],
    [' \t\r\n{ "tier" : "x" } \n', ['x', undefined, undefined]],
    ['{"usage":{"tier":"u"},"tier":"x","a":{"b":{"tier":"deep"}}}', ['x', 'u', 'deep']],
    [String.raw`{"t\u0069er":"\u0078\n\"\\é😀"}`, ['x\n"\\é😀', undefined, undefined]],
    ['{"tier":null,"usage":[{"tier":"x"}],"a":"b"}', NONE],
    ['{"tier":1e-7,"usage":true,"a":{"b":[]}}', NONE],
    ['{"metadata":{"tier":"x","usage":{"tier":"x"}}}', NONE],
    ['{"usage":{"usage":{"tier":"x"},"a":{"b":{"tier":"x"}}}}', NONE],
    ['[{"tier":"x"}]', NONE],
    ['{"a":[{"b":{"tier":"x"}}],"Tier":"x"}', NONE],
    [String.raw`{"text":"\",\"tier\":\"x\"","more":"\\"}`, NONE],
    ['{"text":"{\\"tier\\":\\"x\\"}"}', NONE],
    ['{"usage.tier":"x","":"y","__proto__":{"tier":"x"},"constructor":"z"}', NONE],
    ['{}', NONE],
    ['[]', NONE],
    ['[[],[1,-0.5E+3],{"x":[false,null]}]', NONE],
  ])('%s', (text, texts) => {
    const bytes = Buffer.from(text);
    for (const cuts of everyCut(bytes.length)) expect(follow(bytes, cuts)).toEqual({ complete: true, texts });
    expect(parse(text)).toEqual({ complete: true, texts });
  });

  test.each([
    '',
    '{"tier":"x"',
    '{"tier":"x',
    '{"tier":"x"}}',
    '{"tier":"x"}{',
    '{"tier":"x"} x',
    '{"tier":"x",}',
    '{,"tier":"x"}',
    '{"tier" "x"}',
    '{"tier"::"x"}',
    '{"tier":}',
    '{"tier":"x"]',
    '[{"tier":"x"}',
    '[1,]',
    '[,1]',
    '[1 2]',
    '{1:2}',
    '{"n":01}',
    '{"n":1.}',
    '{"n":nul}',
    '{"n":1"a"}',
    '{"n":+1}',
    '{"n":NaN}',
    String.raw`{"tier":"\x"}`,
    String.raw`{"tier":"\u12g4"}`,
    '{"tier":"a\nb"}',
    '{"text":"a\u0000b","tier":"x"}',
    '{"n":\u0001}',
    '\ufeff{"tier":"x"}',
    "{'tier':'x'}",
    '<html>',
  ])('is no JSON: %j', (text) => {
    const bytes = Buffer.from(text);
    for (const cuts of everyCut(bytes.length)) expect(follow(bytes, cuts).complete).toBe(false);
    expect(follow(bytes).texts).toEqual(NONE);
    expect(parse(text).complete).toBe(false);
  });

  test.each([
    '{"tier":"x","tier":"x"}',
    String.raw`{"tier":"x","\u0074ier":"y"}`,
    '{"usage":{"tier":"x"},"usage":{}}',
    '{"usage":{"tier":"x","tier":null}}',
    '{"a":1,"a":2,"tier":"x"}',
  ])('says nothing where a member on the way stands twice: %s', (text) => {
    expect(follow(text)).toEqual({ complete: false, texts: NONE });
  });

  test('may repeat members that nobody asked for', () => {
    expect(follow('{"x":1,"x":2,"m":{"tier":1,"tier":2},"tier":"y"}').texts).toEqual([
      'y',
      undefined,
      undefined,
    ]);
  });
});

describe('hostile texts', () => {
  test('a text, a name, a number too long to be any that is looked for', () => {
    const long = 'x'.repeat(2_000_000);
    expect(follow(`{"tier":"${long}"}`)).toEqual({ complete: true, texts: NONE });
    expect(follow(`{"${long}":"y","tier":"x"}`)).toEqual({
      complete: true,
      texts: ['x', undefined, undefined],
    });
    expect(follow(`{"other":"${long}","tier":"x"}`).texts[0]).toBe('x');
    expect(follow(`{"tier":"${'x'.repeat(512)}"}`).texts[0]).toHaveLength(512);
    expect(follow(`{"tier":"${'x'.repeat(513)}"}`).texts[0]).toBeUndefined();
    expect(follow(`{"n":${'1'.repeat(513)},"tier":"x"}`).complete).toBe(false);
  });

  test('nesting up to the limit, and beyond it', () => {
    const nested = (depth: number) => `{"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)},"tier":"x"}`;
    expect(follow(nested(512)).texts[0]).toBe('x');
    expect(follow(nested(513)).complete).toBe(false);
    expect(follow('{"a":'.repeat(1_000_000)).complete).toBe(false);
  });

  test('half a surrogate pair and bytes that are no UTF-8 are replaced', () => {
    expect(follow(String.raw`{"tier":"\ud800"}`).texts[0]).toBe('\ufffd');
    const text = Buffer.concat([Buffer.from('{"tier":"'), Buffer.of(0xff), Buffer.from('"}')]);
    expect(follow(text).texts[0]).toBe('\ufffd');
  });

  test('a follower begins anew whatever came before', () => {
    const follower = new MemberFollower(plan);
    for (const text of [
      '{"tier":"x"}',
      '{"tier":"x',
      '{"usage":{"tier":"x',
      '[[',
      '{"tier":"\\u00',
      '{"n":12',
      '}',
    ]) {
      follower.write(Buffer.from(text));
      follower.reset();
      expect(follower.complete).toBe(false);
      follower.write(Buffer.from('{"usage":{"tier":"u"}}'));
      expect(PATHS.map((path) => follower.textOf(path))).toEqual([undefined, 'u', undefined]);
      follower.reset();
    }
    expect(follower.textOf('other')).toBeUndefined();
  });
});

describe('against JSON.parse', () => {
  const name = fc.constantFrom('tier', 'usage', 'a', 'b', 'x', 'ti"er', '');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.oneof(
        fc.string({ unit: 'grapheme' }).filter((text) => !/[\ud800-\udfff]/u.test(text)),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constantFrom(null, true, false),
      ),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    ),
  }));
  const pieces = fc.array(fc.nat(), { maxLength: 6 });
  const cutsOf = (length: number, seeds: readonly number[]) =>
    seeds.map((seed) => seed % (length + 1)).sort((left, right) => left - right);

  test('the same members, wherever the text is cut and however it is spaced', () => {
    fc.assert(
      fc.property(value, pieces, fc.nat({ max: 3 }), (json, seeds, spaces) => {
        // A number alone has no end until something follows it.
        const text = `${JSON.stringify(json, undefined, spaces)} `;
        const bytes = Buffer.from(text);
        expect(follow(bytes, cutsOf(bytes.length, seeds))).toEqual(parse(text));
      }),
      { numRuns: 500 },
    );
  });

  test('the same verdict on a text with one character changed', () => {
    const characters = fc.constantFrom(...'{}[]",:\\ 0-.eut\n\u0001x');
    fc.assert(
      fc.property(value, pieces, fc.nat(), characters, (json, seeds, place, character) => {
        const whole = JSON.stringify(json);
        const at = place % whole.length;
        const text = `${(whole.slice(0, at) + character + whole.slice(at + 1)).toWellFormed()} `;
        const bytes = Buffer.from(text);
        const result = follow(bytes, cutsOf(bytes.length, seeds));
        const parsed = parse(text);
        // The change can make two members one; only the follower minds.
        if (result.complete || !parsed.complete) expect(result).toEqual(parsed);
        else expect(hasRepeatedName(text)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

/** Whether `JSON.parse` drops a member of the text. */
function hasRepeatedName(text: string): boolean {
  let members = 0;
  JSON.parse(text, (_, value: unknown) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      members += Object.keys(value).length;
    return value;
  });
  const names = text.replace(/"(?:[^"\\]|\\.)*"\s*(:?)/gs, (_, colon: string) => (colon === '' ? '0' : 'N'));
  return names.replace(/[^N]/g, '').length > members;
}

import { describe, expect, test } from 'vitest';
import { faultOf, memberAt, read, sourceOf } from './support.ts';

describe('members', () => {
  test('are found with their offsets, kind and text', () => {
    const text = ' {"a" : 1 , "service_tier" : "fast","b":[]}';
    const { members } = read(text);
    expect(members).toEqual([
      {
        path: 'service_tier',
        location: 'service_tier',
        indices: [],
        kind: 'string',
        text: 'fast',
        loneSurrogate: false,
        keyStart: text.indexOf('"service_tier"'),
        keyEnd: text.indexOf(' : "fast"'),
        valueStart: text.indexOf('"fast"'),
        valueEnd: text.indexOf(',"b"'),
        previousValueEnd: text.indexOf(' , "service'),
      },
    ]);
  });

  test.each([
    ['"priority"', 'string'],
    ['-12.5e+3', 'number'],
    ['true', 'true'],
    ['false', 'false'],
    ['null', 'null'],
    ['{"a":{}}', 'object'],
    ['[1,[2]]', 'array'],
  ])('of the value %s have the kind %s', (value, kind) => {
    for (const text of [`{"service_tier":${value}}`, `{ "service_tier" : ${value} }`]) {
      const member = memberAt(read(text), 'service_tier');
      expect(member.kind).toBe(kind);
      expect(member.text).toBe(kind === 'string' ? 'priority' : undefined);
      expect(sourceOf(text, member)).toBe(value);
      expect(member.previousValueEnd).toBeUndefined();
    }
  });

  test('are found in nested objects and array elements, in the order of the text', () => {
    const text =
      '{"session":{"model":"m1","x":{}},"fallbacks":[{"speed":"fast"},7,[],{"a":1},{"b":0,"speed":null}],"model":"m2"}';
    const { members, containers } = read(text);
    expect(
      members.map(({ path, location, indices, text: value }) => [path, location, indices, value]),
    ).toEqual([
      ['session', 'session', [], undefined],
      ['session.model', 'session.model', [], 'm1'],
      ['fallbacks[].speed', 'fallbacks[0].speed', [0], 'fast'],
      ['fallbacks[].speed', 'fallbacks[4].speed', [4], undefined],
      ['model', 'model', [], 'm2'],
    ]);
    expect(sourceOf(text, memberAt(read(text), 'session'))).toBe('{"model":"m1","x":{}}');
    expect(
      containers.map(({ path, location, indices, memberCount }) => [path, location, indices, memberCount]),
    ).toEqual([
      ['', '', [], 3],
      ['session', 'session', [], 2],
      ['fallbacks[]', 'fallbacks[0]', [0], 1],
      ['fallbacks[]', 'fallbacks[3]', [3], 1],
      ['fallbacks[]', 'fallbacks[4]', [4], 2],
    ]);
  });

  test.each([
    ['{"fallbacks":{"speed":"fast"}}'],
    ['{"fallbacks":[["speed"],[{"speed":"fast"}]]}'],
    ['{"fallbacks":"speed"}'],
    ['{"response":[{"service_tier":"fast"}]}'],
    ['{"x":{"service_tier":"fast","model":"m"}}'],
    ['{"x":"{\\"service_tier\\":\\"fast\\"}"}'],
  ])('are not looked for in a value of another kind or place: %s', (text) => {
    const { members, containers } = read(text);
    expect(members).toEqual([]);
    expect(containers).toHaveLength(1);
  });

  test('are known by a name of nothing but escapes', () => {
    const escaped = (name: string) =>
      [...name].map((letter) => `\\u00${letter.charCodeAt(0).toString(16)}`).join('');
    expect(memberAt(read(`{"${escaped('service_tier')}":"fast"}`), 'service_tier').text).toBe('fast');
    expect(faultOf(`{"${escaped('Service_Tier')}":"fast"}`).code).toBe('ambiguous_member');
  });

  test('are known by their name with escapes resolved', () => {
    for (const name of [
      'service\\u005ftier',
      '\\u0073ervice_tier',
      'service_tie\\u0072',
      '\\u0073\\u0065\\u0072vice_t\\u0069er',
    ]) {
      expect(memberAt(read(`{"${name}":"fast"}`), 'service_tier').text).toBe('fast');
    }
    expect(
      read(
        '{"service\\\\u005ftier":1,"service_tier\\\\u0000":2,"service_tier ":3,"service_tie":4,"mode\\u0000l":5}',
      ).members,
    ).toEqual([]);
  });
});

describe('text of a string', () => {
  test.each([
    ['\\u0066ast', 'fast'],
    ['\\"\\\\\\/\\b\\f\\n\\r\\t', '"\\/\b\f\n\r\t'],
    ['\\u0000\\u007f\\u0080\\u07ff\\u0800\\uFFFD\\uffff', '\u0000\u007f\u0080\u07ff\u0800\ufffd\uffff'],
    ['\\ud83d\\ude00 \\uD83D\\uDE00', '😀 😀'],
    ['\\ud800\\udc00\\udbff\\udfff', '\u{10000}\u{10ffff}'],
    ['ä€😀\\n', 'ä€😀\n'],
    ['', ''],
  ])('%j is decoded', (source, text) => {
    const member = memberAt(read(`{"model":"${source}"}`), 'model');
    expect([member.text, member.loneSurrogate]).toEqual([text, false]);
  });

  test.each([
    ['\\ud800', '\ufffd'],
    ['a\\udc00b', 'a\ufffdb'],
    ['\\udc00\\ud800', '\ufffd\ufffd'],
    ['\\udc00\\udc00', '\ufffd\ufffd'],
    ['\\ud800\\ud83d\\ude00', '\ufffd😀'],
    ['\\ud800\\n', '\ufffd\n'],
    ['\\ud800x', '\ufffdx'],
    ['\\ud800\\u0041', '\ufffdA'],
  ])('%j holds half a surrogate pair', (source, text) => {
    const member = memberAt(read(`{"model":"${source}"}`), 'model');
    expect([member.text, member.loneSurrogate]).toEqual([text, true]);
  });

  test('half a surrogate pair in other names and values is legal and passes', () => {
    expect(read('{"\\ud800":"\\udfff","model":"m"}').members).toHaveLength(1);
  });
});

describe('containers', () => {
  test('tell where an insertion goes', () => {
    const text = '{"session": {"model":"m" , "a":[1] } , "response":{ } } ';
    const [top, session, response] = read(text).containers;
    expect(top).toEqual({
      path: '',
      location: '',
      indices: [],
      start: 0,
      end: text.length - 1,
      lastValueEnd: text.lastIndexOf('{ }') + 3,
      memberCount: 2,
    });
    expect(session).toMatchObject({
      start: text.indexOf('{"model'),
      end: text.indexOf(' , "response'),
      lastValueEnd: text.indexOf(' } , '),
      memberCount: 2,
    });
    expect(response).toMatchObject({
      lastValueEnd: text.indexOf('{ }') + 1,
      end: text.indexOf('{ }') + 3,
      memberCount: 0,
    });
  });

  test('of a governed path are bounded in number', () => {
    const elements = (count: number) => `{"fallbacks":[${Array(count).fill('{}').join(',')}]}`;
    expect(read(elements(9_999)).containers).toHaveLength(10_000);
    expect(faultOf(elements(10_000)).code).toBe('json_too_many_members');
    expect(read(`{"x":[${Array(10_000).fill('{}').join(',')}]}`).containers).toHaveLength(1);
  });
});

describe('ambiguous members', () => {
  test.each([
    ['{"service_tier":"flex","service_tier":"priority"}'],
    ['{"service_tier":"flex","a":1,"service_tier":"flex"}'],
    ['{"service_tier":null,"service_tier":"priority"}'],
    ['{"service_tier":"flex","service\\u005ftier":"priority"}'],
    ['{"Service_Tier":"priority"}'],
    ['{"SERVICE_TIER":"priority"}'],
    ['{"Service\\u005ftier":"priority"}'],
    ['{"\\u0053ervice_tier":"priority"}'],
    ['{"\u017fervice_tier":"priority"}'],
    ['{"\\u017fervice_tier":"priority"}'],
    // A reader with C strings ends the name at the NUL.
    ['{"service_tier\\u0000":"priority"}'],
    ['{"service_tier\\u0000\\u0000x":"priority"}'],
    ['{"Service\\u005ftier\\u0000":"priority"}'],
    [`{"model\\u0000${'x'.repeat(1_000)}":"m"}`],
    ['{"session":{"model\\u0000":"m"}}'],
    // A writer that leaves out what is no Unicode text.
    ['{"service_tier\\ud800":"priority"}'],
    ['{"\\udfffservice_tier":"priority"}'],
    ['{"service\\ud800_tier\\udc00\\ud800":"priority"}'],
    [`{"service_tier${'\\ud800'.repeat(1_000)}":"priority"}`],
    [`{"service_tier${'\\ud800'.repeat(11_000)}":"priority"}`],
    ['{"session":{},"session":{}}'],
    ['{"session":1,"session":{"model":"m"}}'],
    ['{"Session":{}}'],
    ['{"fallbacks":[],"fallbacks":[]}'],
    ['{"FallBacks":1}'],
    ['{"fallbac\u212as":1}'],
    ['{"session":{"model":"a","model":"b"}}'],
    ['{"session":{"MODEL":"a"}}'],
    ['{"fallbacks":[{},{"speed":1,"speed":1}]}'],
    ['{"fallbacks":[{"Speed":1}]}'],
  ])('are refused: %s', (text) => {
    const fault = faultOf(text);
    expect(fault.code).toBe('ambiguous_member');
    expect(fault.offset).toBeGreaterThan(0);
    expect(text[fault.offset]).toBe('"');
  });

  test('are told with the governed path and nothing of the text', () => {
    expect(faultOf('{"session":{"model":"secret","model":"b"}}')).toEqual({
      code: 'ambiguous_member',
      offset: 29,
      reason: 'the member "session.model" stands twice in one object',
    });
    expect(faultOf('{"Model":"secret"}')).toEqual({
      code: 'ambiguous_member',
      offset: 1,
      reason: 'a member is named like "model" in another case',
    });
  });

  test('are none where what is dropped leaves no governed name', () => {
    for (const text of [
      '{"service_tier\\ud83d\\ude00":"priority"}',
      '{"service_tier\\ufffd":"priority"}',
      '{"\\u0000service_tier":"priority"}',
      '{"service_tie\\u0000r":"priority"}',
      '{"service_tie\\ud800":"priority"}',
      `{"service_tier${'\\u0061'.repeat(1_000)}":"priority"}`,
      `{"nobody${'\\u0000'.repeat(20_000)}":"priority"}`,
    ]) {
      expect(read(text).members).toEqual([]);
    }
  });

  test('of names that are not governed, and in objects that are not, pass', () => {
    for (const text of [
      '{"a":1,"a":2,"A":3}',
      '{"x":{"model":1,"model":2,"Model":3}}',
      '{"fallbacks":[{"speed":1},{"speed":2}]}',
      '{"speed":1,"speed":2}',
    ])
      read(text);
  });
});

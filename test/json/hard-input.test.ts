import { describe, expect, test } from 'vitest';
import { applyEdits } from '../../src/json/editor.ts';
import { faultOf, LIMITS, memberAt, read, sourceOf } from './support.ts';

const SAMPLE = Buffer.from(
  '{ "model": "gpt-5\\u002e5 ä😀", "input":[ {"a":-1.5e-3,"b":[true,false,null,{}, []]} ],\r\n\t"fallbacks":[{"speed":"fast"}],"service_tier":"priority" } \n',
);

function malformed(text: string | Buffer): void {
  expect(faultOf(text).code).toBe('malformed_json');
}

describe('refused as malformed', () => {
  test('a text cut off after any byte', () => {
    const end = SAMPLE.lastIndexOf('}') + 1;
    read(SAMPLE.subarray(0, end));
    for (let length = 0; length < end; length++) malformed(SAMPLE.subarray(0, length));
  });

  test('a text with a NUL, a control character or a stray byte put in anywhere outside of strings', () => {
    let inString = false;
    for (let at = 0; at < SAMPLE.length; at++) {
      for (const byte of [0x00, 0x01, 0x0b, 0x1f, 0x7f, 0x5c, 0xff]) {
        // DEL is legal in a string, and a backslash there can make a legal escape.
        if (inString && byte !== 0xff && byte >= 0x20) continue;
        malformed(Buffer.concat([SAMPLE.subarray(0, at), Buffer.of(byte), SAMPLE.subarray(at)]));
      }
      if (SAMPLE[at] === 0x22) inString = !inString;
    }
  });

  test.each([
    ['nothing', ''],
    ['white space', ' \n'],
    ['an array', '[{"service_tier":"fast"}]'],
    ['a string', '"service_tier"'],
    ['a literal', 'null'],
    ['two objects', '{}{}'],
    ['two objects on two lines', '{}\n{}'],
    ['text behind the object', '{} x'],
    ['a NUL behind the object', '{}\0'],
    ['a comma behind the last member', '{"a":1,}'],
    ['a comma before the first member', '{,"a":1}'],
    ['a comma alone', '{,}'],
    ['two commas', '{"a":1,,"b":2}'],
    ['no comma', '{"a":1 "b":2}'],
    ['no colon', '{"a" 1}'],
    ['two colons', '{"a"::1}'],
    ['no value', '{"a":}'],
    ['a name alone', '{"a"}'],
    ['a name without quotes', '{a:1}'],
    ['a name in single quotes', "{'a':1}"],
    ['a number as name', '{1:1}'],
    ['a comment', '{"a":1/**/}'],
    ['an ideographic space', '{\u3000}'],
    ['a no-break space', '{"a":\u00a01}'],
    ['a form feed', '{\f}'],
    ['a wrong closing bracket', '{"a":[1}}'],
    ['a wrong closing brace', '{"a":{"b":1]}'],
    ['a comma at the end of an array', '{"a":[1,]}'],
    ['a comma at the end of a governed array', '{"fallbacks":[{},]}'],
    ['no comma in a governed array', '{"fallbacks":[{} {}]}'],
    ['an open governed array', '{"fallbacks":[{}'],
    ['an open bracket', '{"a":['],
    ['no comma in an array', '{"a":[1 2]}'],
    ['a word', '{"a":nul}'],
    ['a longer word', '{"a":nulll}'],
    ['a word in capitals', '{"a":True}'],
    ['not a number', '{"a":NaN}'],
    ['infinity', '{"a":-Infinity}'],
    ['undefined', '{"a":undefined}'],
  ])('%s', (_, text) => {
    malformed(text);
  });

  test.each([
    '01',
    '-01',
    '00',
    '1.',
    '1.e5',
    '.5',
    '-.5',
    '+1',
    '-',
    '--1',
    '1e',
    '1e+',
    '1e-',
    'e5',
    '0x10',
    '1_000',
    '1.5.5',
    '1e5.5',
    '- 1',
    '1 .5',
    '1f',
    '٣',
  ])('the number %s', (number) => {
    for (const text of [`{"a":${number}}`, `{"service_tier":[${number}]}`, `{"model":${number} }`])
      malformed(text);
  });

  test.each([
    '\\x41',
    '\\u12',
    '\\u123g',
    '\\u 123',
    '\\U0041',
    "\\'",
    '\\0',
    '\\',
    '\\\\\\',
    '\\u{41}',
    '\\é',
    '\\N',
  ])('the escape %s', (source) => {
    // At different distances from the end and with different lengths of text before, for each way of reading.
    for (const before of ['', 'x', 'x'.repeat(5), 'x'.repeat(40)]) {
      for (const after of ['', `","z":"${'z'.repeat(40)}`]) malformed(`{"a":"${before}${source}${after}"}`);
    }
  });

  test('each control character in a string, wherever it stands', () => {
    for (let byte = 0; byte < 0x20; byte++) {
      for (let before = 0; before < 40; before++) {
        const text = `{"a":"${'x'.repeat(before)}${String.fromCharCode(byte)}${'y'.repeat(40 - before)}"}`;
        expect(faultOf(text)).toMatchObject({ code: 'malformed_json', offset: 6 + before });
      }
    }
  });

  test('a byte order mark and other encodings', () => {
    expect(faultOf(Buffer.from('\ufeff{}'))).toMatchObject({
      code: 'malformed_json',
      offset: 0,
      reason: 'the text starts with a byte order mark',
    });
    malformed(Buffer.from('{\ufeff}'));
    for (const text of ['{}', '{"service_tier":"fast"}']) {
      const little = Buffer.from(text, 'utf16le');
      malformed(little);
      malformed(Buffer.from(little).swap16());
      malformed(Buffer.concat([Buffer.of(0xff, 0xfe), little]));
      malformed(Buffer.concat([Buffer.of(0xfe, 0xff), Buffer.from(little).swap16()]));
    }
  });

  test.each([
    ['a raw surrogate', [0xed, 0xa0, 0x80]],
    ['a raw surrogate pair', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong euro', [0xf0, 0x82, 0x82, 0xac]],
    ['a code point beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['a lone continuation', [0x80]],
    ['many continuations', Array(3000).fill(0x80)],
    ['a lead byte alone', [0xe2]],
    ['a character cut short', [0xe2, 0x82]],
    ['latin1', [0xe4, 0x62, 0x63]],
  ])('%s, told by its place', (_, bytes) => {
    for (const before of ['', 'é', 'x'.repeat(1500), '😀'.repeat(700)]) {
      const head = Buffer.from(`{"a":"${before}`);
      const fault = faultOf(Buffer.concat([head, Buffer.from(bytes), Buffer.from('"}')]));
      expect(fault).toEqual({
        code: 'malformed_json',
        offset: head.length,
        reason: 'the text is not valid UTF-8',
      });
    }
  });
});

describe('legal', () => {
  test.each(['0', '-0', '1e5', '1E+5', '-1.5e-10', '0.0', '0e0', '123456789012345678901234567890', '1e999'])(
    'the number %s',
    (number) => {
      expect(
        sourceOf(`{"service_tier":${number}}`, memberAt(read(`{"service_tier":${number}}`), 'service_tier')),
      ).toBe(number);
      read(`{"a":[${number},${number} ]}`);
    },
  );

  test('DEL, U+2028, non-characters and escaped control characters in strings', () => {
    expect(memberAt(read('{"model":"\x7f\u2028\ufffe\\u0000"}'), 'model').text).toBe('\x7f\u2028\ufffe\0');
  });
});

describe('limits', () => {
  const nested = (depth: number, open: string, close: string) =>
    `{"model":${open.repeat(depth - 1)}${close.repeat(depth - 1)}}`;

  test.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
    ['governed arrays', '[', ']'],
  ])('512 levels of %s are read, 513 are not', (kind, open, close) => {
    const text = (depth: number) =>
      nested(depth, open, close)
        .replace(/:\}/g, ':0}')
        .replace('model', kind === 'governed arrays' ? 'fallbacks' : 'model');
    read(text(512));
    expect(faultOf(text(513)).code).toBe('json_too_deep');
  });

  test('hold on governed paths too', () => {
    const limits = { ...LIMITS, depth: 2 };
    read('{"fallbacks":[],"session":{}}', undefined, limits);
    for (const text of ['{"fallbacks":[{}]}', '{"session":{"model":{}}}', '{"fallbacks":[[]]}'])
      expect(faultOf(text, undefined, limits).code).toBe('json_too_deep');
    expect(faultOf('{"fallbacks":[]}', undefined, { ...LIMITS, depth: 1 }).code).toBe('json_too_deep');
    expect(faultOf('{}', undefined, { ...LIMITS, depth: 0 }).code).toBe('json_too_deep');
  });

  test('a million brackets are refused at the limit, without reading on', () => {
    expect(faultOf(`{"a":${'['.repeat(1_000_000)}`)).toMatchObject({
      code: 'json_too_deep',
      offset: 5 + 511,
    });
    expect(faultOf('['.repeat(1_000_000)).code).toBe('malformed_json');
    expect(faultOf(`{"a":${'{"a":'.repeat(1_000_000)}`).code).toBe('json_too_deep');
  });

  test('100,000 members are read, and refused above their limit, wherever they stand', () => {
    const names = Array.from({ length: 100_000 }, (_, i) => `"k${i}":${i}`).join(',');
    const text = `{${names},"service_tier":"fast"}`;
    const reading = read(text, undefined, { ...LIMITS, members: 100_001 });
    expect(memberAt(reading, 'service_tier').text).toBe('fast');
    expect(reading.containers[0]?.memberCount).toBe(100_001);
    expect(faultOf(text, undefined, { ...LIMITS, members: 100_000 }).code).toBe('json_too_many_members');
    expect(faultOf(`{"x":[{${names}}]}`, undefined, { ...LIMITS, members: 100_000 }).code).toBe(
      'json_too_many_members',
    );
  });
});

describe('sizes', () => {
  test('around 64 KiB, at every alignment of the buffer', () => {
    for (const filler of ['x', '\\n', 'é', '\\u00e9']) {
      for (let size = 65_530; size <= 65_542; size++) {
        const rest = size - Buffer.byteLength('{"a":"","service_tier":"fast","b":""}');
        const unit = Buffer.byteLength(filler);
        const text = Buffer.from(
          `{"a":"${filler.repeat(Math.floor(rest / unit))}${'y'.repeat(rest % unit)}","service_tier":"fast","b":""}`,
        );
        expect(text.length).toBe(size);
        const room = Buffer.alloc(size + 3, 0x22);
        const shifted = room.subarray(size % 4, (size % 4) + size);
        text.copy(shifted);
        const reading = read(shifted);
        const cut = applyEdits(shifted, [{ kind: 'cut', member: memberAt(reading, 'service_tier') }]);
        expect(cut.equals(Buffer.from(text.toString().replace(',"service_tier":"fast"', '')))).toBe(true);
      }
    }
  });

  test('a string ends where it ends, however long, and whatever stands around the text', () => {
    const room = Buffer.alloc(256, 0x22);
    for (let length = 0; length < 80; length++) {
      for (let shift = 0; shift < 4; shift++) {
        const text = Buffer.from(`{"model":"${'m'.repeat(length)}","${'k'.repeat(length)}":"\\\\"}`);
        text.copy(room, shift);
        const bytes = room.subarray(shift, shift + text.length);
        expect(memberAt(read(bytes), 'model').text).toBe('m'.repeat(length));
        malformed(room.subarray(shift, shift + text.length - 2));
      }
    }
  });

  test('a governed string of 300,000 escapes', () => {
    const member = memberAt(read(`{"model":"${'\\n\\ud83d\\ude00'.repeat(100_000)}"}`), 'model');
    expect(member.text?.length).toBe(300_000);
    expect(member.text?.slice(-3)).toBe('\n😀');
  });
});

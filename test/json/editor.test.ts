import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { applyEdits } from '../../src/json/editor.ts';
import type { FoundContainer, JsonEdit, JsonReading } from '../../src/json/types.ts';
import { memberAt, read } from './support.ts';

interface EditVector {
  readonly id: string;
  readonly operation?: 'cut' | 'replace' | 'insert';
  readonly value?: string | null;
  readonly input: string;
  readonly output: string;
}

function vectors(file: string, list: string): EditVector[] {
  const url = new URL(`../vectors/${file}`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as Record<string, EditVector[]>)[list] ?? [];
}

function containerAt(reading: JsonReading, location: string): FoundContainer {
  const found = reading.containers.find((container) => container.location === location);
  if (found === undefined) throw new Error(`no container at ${location}`);
  return found;
}

/** Applies edits written as `-location`, `location=value` and `container+key=value`. */
function edit(text: string, ...notes: string[]): string {
  const paths = ['a', 'b', 'c', 'd', 'o', 'o.a', 'o.b', 'list[].a', 'list[].b', 'service_tier'];
  const reading = read(text, paths);
  const edits = notes.map((note): JsonEdit => {
    if (note.startsWith('-')) return { kind: 'cut', member: memberAt(reading, note.slice(1)) };
    const [target = '', value = ''] = note.split('=');
    const [container, key] = target.split('+');
    if (container !== undefined && key !== undefined)
      return { kind: 'insert', container: containerAt(reading, container), key, value };
    return { kind: 'replace', member: memberAt(reading, target), value };
  });
  const before = Buffer.from(text);
  const result = applyEdits(before, edits).toString('utf8');
  expect(before.toString('utf8')).toBe(text);
  JSON.parse(result);
  return result;
}

describe('vectors', () => {
  const filterEdits = vectors('seed.json', 'filter_edits');
  const edits = vectors('companion.json', 'edits');

  test('are there', () => {
    expect([filterEdits.length, edits.length]).toEqual([6, 8]);
  });

  test.each([...filterEdits, ...edits])('$id', ({ operation = 'cut', value, input, output }) => {
    const bytes = Buffer.from(input);
    const reading = read(bytes, ['service_tier']);
    const list: JsonEdit[] =
      operation === 'insert'
        ? [{ kind: 'insert', container: containerAt(reading, ''), key: 'service_tier', value: value ?? '' }]
        : reading.members.map((member) =>
            operation === 'cut' ? { kind: 'cut', member } : { kind: 'replace', member, value: value ?? '' },
          );
    expect(applyEdits(bytes, list).toString('utf8')).toBe(output === 'same' ? input : output);
  });
});

describe('cuts in one object', () => {
  test.each([
    ['{"a":1,"b":2,"c":3}', ['a', 'b'], '{"c":3}'],
    ['{"a":1,"b":2,"c":3}', ['b', 'c'], '{"a":1}'],
    ['{"a":1,"b":2,"c":3}', ['a', 'c'], '{"b":2}'],
    ['{"a":1,"b":2,"c":3}', ['a', 'b', 'c'], '{}'],
    ['{"a":1,"b":2,"c":3}', ['c', 'a', 'b'], '{}'],
    ['{ "a" : 1 , "b" : 2 , "c" : 3 }', ['a', 'b'], '{   "c" : 3 }'],
    ['{ "a" : 1 , "b" : 2 , "c" : 3 }', ['b', 'c'], '{ "a" : 1   }'],
    ['{ "a" : 1 , "b" : 2 , "c" : 3 }', ['a', 'b', 'c'], '{    }'],
    ['{"x":0,"a":1,"y":0,"b":2,"c":3,"z":0}', ['a', 'b', 'c'], '{"x":0,"y":0,"z":0}'],
    ['{"a":1,"x":0,"b":2,"y":0,"c":3}', ['a', 'b', 'c'], '{"x":0,"y":0}'],
  ])('%s without %j', (text, names, expected) => {
    expect(edit(text, ...names.map((name) => `-${name}`))).toBe(expected);
  });

  test('a member that is cut twice goes once', () => {
    expect(edit('{"a":1,"b":2}', '-b', '-b')).toBe('{"a":1}');
  });
});

describe('insertions', () => {
  test.each([
    ['{"a":1 }', ['+k=v'], '{"a":1,"k":"v" }'],
    ['{"a":1}', ['+k=v', '+l=w'], '{"a":1,"k":"v","l":"w"}'],
    ['{}', ['+k=v', '+l=w'], '{"k":"v","l":"w"}'],
    ['{"a":1}', ['-a', '+k=v'], '{"k":"v"}'],
    ['{ "a" : 1 }', ['+k=v', '-a'], '{"k":"v"  }'],
    ['{"a":1,"b":2}', ['-a', '-b', '+k=v', '+l=w'], '{"k":"v","l":"w"}'],
    ['{"x":0 , "a":1 , "b":2 }', ['-a', '-b', '+k=v'], '{"x":0,"k":"v"   }'],
    ['{"x":0,"a":1}', ['-a', '+k=v'], '{"x":0,"k":"v"}'],
    ['{"a":1,"x":0}', ['-a', '+k=v'], '{"x":0,"k":"v"}'],
    ['{"x":0,"a":"1"}', ['a=w', '+k=v'], '{"x":0,"a":"w","k":"v"}'],
  ])('%s with %j', (text, notes, expected) => {
    expect(edit(text, ...notes)).toBe(expected);
  });

  test('go into nested objects', () => {
    expect(
      edit('{"o":{"a":1},"list":[{},{"b":2}]}', 'o+k=v', 'list[0]+k=v', 'list[1]+k=v', '-list[1].b', '+z=y'),
    ).toBe('{"o":{"a":1,"k":"v"},"list":[{"k":"v"},{"k":"v"}],"z":"y"}');
  });
});

describe('several edits', () => {
  test('in any order give the same text', () => {
    const text = '{"a":"1","o":{"a":"2","b":"3"},"b":"4","list":[{"a":"5"}],"c":"6"}';
    const notes = ['a=x', '-o.a', 'o.b=long enough to move the rest', '-b', 'list[0].a=', '+k=v', '-c'];
    const expected = '{"a":"x","o":{"b":"long enough to move the rest"},"list":[{"a":""}],"k":"v"}';
    expect(edit(text, ...notes)).toBe(expected);
    expect(edit(text, ...notes.toReversed())).toBe(expected);
  });

  test('inside of a value that goes away have no effect', () => {
    expect(edit('{"o":{"a":1,"b":"2"},"c":3}', '-o', '-o.a', 'o.b=x', 'o+k=v')).toBe('{"c":3}');
    expect(edit('{"c":3,"o":{"a":1}}', 'o=gone', '-o.a', 'o+k=v')).toBe('{"c":3,"o":"gone"}');
  });

  test('of one member: a cut outranks a replacement, the first replacement counts', () => {
    expect(edit('{"a":1,"b":2}', 'b=x', '-b')).toBe('{"a":1}');
    expect(edit('{"a":1}', 'a=first', 'a=second')).toBe('{"a":"first"}');
  });
});

test('names and values are written as JSON strings', () => {
  const value = 'ä"\\\n\u0000😀\ud800';
  const result = edit('{"ä":"ö","a":1}', `a=${value}`, `+k"=${value}`);
  expect(result).toBe(`{"ä":"ö","a":${JSON.stringify(value)},"k\\"":${JSON.stringify(value)}}`);
});

test('without edits the very buffer comes back', () => {
  const bytes = Buffer.from('{}');
  expect(applyEdits(bytes, [])).toBe(bytes);
});

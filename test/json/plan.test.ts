import { describe, expect, test } from 'vitest';
import { compilePlan } from '../../src/json/plan.ts';
import { faultOf, read } from './support.ts';

describe('compilePlan', () => {
  test.each(['', '.', 'a..b', 'a.', '.a', 'a[]', '[]', '[].a', 'a[', 'a]b.c', 'a[0].b', 'a[]b.c'])(
    'refuses the path %j',
    (path) => {
      expect(() => compilePlan([path])).toThrow(`"${path}" is not the path of a member`);
    },
  );

  test('refuses two names of one object that differ in case only', () => {
    expect(() => compilePlan(['session.model', 'session.Model'])).toThrow(
      '"session.model" and "session.Model" differ in case only',
    );
  });

  test('takes up to 31 names in one object', () => {
    const names = Array.from({ length: 32 }, (_, i) => `name${i}`);
    const text = `{${names.map((name) => `"${name}":1`).join(',')}}`;
    expect(read(text, names.slice(1)).members).toHaveLength(31);
    expect(faultOf(text.replace('}', ',"name31":2}'), names.slice(1)).code).toBe('ambiguous_member');
    expect(() => compilePlan(names)).toThrow('31 governed names at most');
  });

  test('takes a path twice, and names that differ in case in different objects', () => {
    const { members } = read('{"model":"a","session":{"Model":"b"}}', ['model', 'model', 'session.Model']);
    expect(members.map((member) => member.location)).toEqual(['model', 'session.Model']);
  });

  test('takes names that are not ASCII', () => {
    expect(read('{"größe":"1"}', ['größe']).members[0]?.text).toBe('1');
    expect(read('{"gr\\u00f6\\u00dfe":"1"}', ['größe']).members[0]?.text).toBe('1');
    expect(faultOf('{"Größe":"1"}', ['größe']).code).toBe('ambiguous_member');
  });

  test('takes arrays of arrays', () => {
    const { members, containers } = read('{"a":[[{"b":1}],[],[{},{"b":2}]]}', ['a[][].b']);
    expect(members.map(({ path, location, indices }) => [path, location, indices])).toEqual([
      ['a[][].b', 'a[0][0].b', [0, 0]],
      ['a[][].b', 'a[2][1].b', [2, 1]],
    ]);
    expect(containers.map(({ path, location }) => [path, location])).toEqual([
      ['', ''],
      ['a[][]', 'a[0][0]'],
      ['a[][]', 'a[2][0]'],
      ['a[][]', 'a[2][1]'],
    ]);
  });

  test('takes an empty plan: the text is still checked', () => {
    expect(read('{"model":1}', []).members).toEqual([]);
    expect(faultOf('{"model":1', []).code).toBe('malformed_json');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_POLICY_LENGTH, MAX_YAML_LENGTH, parsePolicyText } from '../../src/policy/parse.ts';
import { validatePolicy } from '../../src/policy/validate.ts';

describe('parsePolicyText', () => {
  it.each([
    ['{"rules":[]}', { rules: [] }],
    ['\ufeff{"rules":[]}\n', { rules: [] }],
    ['{\n\t"rules": [\n\t\t{"action": "p\\u0061ss"}\n\t]\n}\n', { rules: [{ action: 'pass' }] }],
    [
      'rules:\n  # first\n  - action: pass\n    user_ids: [1, "2"]\n',
      { rules: [{ action: 'pass', user_ids: [1, '2'] }] },
    ],
    ['[1]', [1]],
    ['null', null],
    ['{"a":2026-01-01}', { a: '2026-01-01' }],
  ])('reads %j', (text, value) => {
    expect(parsePolicyText(text)).toEqual({ ok: true, value });
  });

  it.each([
    ['{"rules":[],\n "rules":[]}', 2, 2],
    ['{"a":1,"\\u0061":2}', 1, 8],
    ['rules:\n  - a: 1\n    a: 2\n', 3, 5],
    ['{"rules":[\n', 2, 1],
    ['{"rules":}]', 1, 11],
    ['{"a":1} {"b":2}', 1, 9],
    ['a: 1\n---\nb: 2\n', 2, 1],
    ['a: !secret x', 1, 4],
    ['? [1]\n: 2', 1, 3],
  ])('names line and column of the fault in %j', (text, line, column) => {
    const result = parsePolicyText(text);
    if (result.ok) throw new Error('read');
    expect(result.faults).toContainEqual(
      expect.objectContaining({
        path: '',
        line,
        column,
        message: expect.stringContaining(`line ${line}, column ${column}: `),
      }),
    );
    for (const fault of result.faults) expect(fault.remedy).not.toBe('');
  });

  it.each(['', ' \n', '# nothing\n'])('refuses %j as empty', (text) => {
    expect(parsePolicyText(text)).toMatchObject({ ok: false, faults: [{ line: 1 }] });
  });

  it('refuses aliases, so that a small text stays small', () => {
    const result = parsePolicyText('a: &x [1]\nb: [*x, *x]\n');
    expect(result).toMatchObject({
      ok: false,
      faults: [{ message: expect.stringContaining('alias') as string }],
    });
  });

  it('survives deep nesting', () => {
    const [opened, closed] = ['['.repeat(50_000), ']'.repeat(50_000)];
    expect(parsePolicyText(opened).ok).toBe(false);
    expect(parsePolicyText(`a: ${opened}${closed}`).ok).toBe(false);
    const result = parsePolicyText(`{"rules":[{"action":"pass","scope":${opened}${closed}}]}`);
    expect(result.ok && validatePolicy(result.value, { scopes: [] })).toMatchObject({
      ok: false,
      faults: [{ path: 'rules[0].scope[0]' }],
    });
  });

  it('refuses a text beyond its cap', () => {
    const json = `{"rules":[]}${' '.repeat(MAX_POLICY_LENGTH)}`;
    expect(parsePolicyText(json)).toMatchObject({ ok: false, faults: [{ line: 1, column: 1 }] });
    expect(parsePolicyText(json.slice(0, MAX_POLICY_LENGTH)).ok).toBe(true);
    const yaml = `rules: []${' '.repeat(MAX_YAML_LENGTH)}`;
    expect(parsePolicyText(yaml)).toMatchObject({ ok: false, faults: [{ line: 1, column: 1 }] });
    expect(parsePolicyText(yaml.slice(0, MAX_YAML_LENGTH)).ok).toBe(true);
  });

  it('finds a member given twice in any JSON text, and none where there is none', () => {
    const key = fc.constantFrom('a', 'b', 'c"', '\\', '{', '[,', 'é');
    const text = fc.letrec<{ value: string; object: string }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom('1', '"a"', '"{\\"a\\":"', '"\\\\"', 'null', '[]', '{}', '["a","a"]'),
        fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(' , ')}]`),
        tie('object'),
      ),
      object: fc
        .uniqueArray(fc.tuple(key, tie('value')), { selector: ([one]) => one, maxLength: 3 })
        .map((members) => `{${members.map(([one, held]) => `${JSON.stringify(one)}:${held}`).join(',')}}`),
    })).object;
    fc.assert(
      fc.property(text, key, text, (once, twice, held) => {
        expect(parsePolicyText(once)).toEqual({ ok: true, value: JSON.parse(once) as unknown });
        const quoted = JSON.stringify(twice);
        const doubled = `[{${quoted}:${once},"x":[],${quoted.replace('a', '\\u0061')}:${held}}]`;
        expect(parsePolicyText(doubled)).toMatchObject({
          ok: false,
          faults: [{ line: 1, column: doubled.indexOf('"x":[],') + '"x":[],'.length + 1 }],
        });
      }),
    );
  });

  it('keeps the key __proto__ as a member, for validation to refuse', () => {
    const result = parsePolicyText('{"__proto__":{"rules":[]}}');
    expect(result.ok && Object.keys(result.value as object)).toEqual(['__proto__']);
  });
});

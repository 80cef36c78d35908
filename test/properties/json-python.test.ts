import { spawnSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyEdits } from '../../src/json/editor.ts';
import { compilePlan } from '../../src/json/plan.ts';
import { readJson } from '../../src/json/reader.ts';
import { LIMITS } from '../json/support.ts';
import { damagedText, legalText, seenAs } from './json-texts.ts';

/**
 * Reads hexadecimal texts, one a line, and answers a line of JSON for each: null where Python refuses it, else
 * the members of the top level in order, values as Python prints them. Numbers stay as they are spelled;
 * NaN and Infinity, which Python would take, are refused, and so are bytes that are not UTF-8.
 */
const PYTHON_READER = `
import json, sys
sys.setrecursionlimit(10000)
class Members(list): pass
def refuse(word): raise ValueError(word)
def plain(value):
    if isinstance(value, Members): return {"members": [[key, plain(item)] for key, item in value]}
    if isinstance(value, list): return [plain(item) for item in value]
    return value
for line in sys.stdin:
    try:
        text = bytes.fromhex(line.strip()).decode("utf-8")
        value = json.loads(text, object_pairs_hook=Members, parse_int=lambda n: "number " + n, parse_float=lambda n: "number " + n, parse_constant=refuse)
        print(json.dumps(plain(value)["members"] if isinstance(value, Members) else None))
    except ValueError:
        print("null")
`;

const python = spawnSync('python3', ['--version'], { encoding: 'utf8' });
const hasPython = python.status === 0;

type PythonMembers = [name: string, value: unknown][];

function askPython(texts: readonly Buffer[]): (PythonMembers | null)[] {
  const input = texts.map((text) => text.toString('hex')).join('\n');
  const result = spawnSync('python3', ['-c', PYTHON_READER], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(result.stderr);
  return result.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PythonMembers | null);
}

const PATHS = ['model', 'service_tier', 'fallbacks', 'session', 'response', 'x'];
const PLAN = compilePlan(PATHS);

/** True where a governed name stands twice or otherwise, by Unicode's simple folding and `seenAs`. */
function isAmbiguous(members: PythonMembers): boolean {
  return PATHS.some((path) => {
    const alike = members.filter(([name]) => new RegExp(`^${path}$`, 'iu').test(seenAs(name)));
    return alike.length > 1 || (alike[0] !== undefined && alike[0][0] !== path);
  });
}

// A test that needs a program of the system is skipped by name where the program is missing.
describe.skipIf(!hasPython)(
  `against Python's json${hasPython ? '' : ' (skipped: python3 was not found)'}`,
  () => {
    test('the reader accepts and finds the same', () => {
      const texts = [
        ...fc.sample(legalText, { numRuns: 1500, seed: 20 }).map((text) => Buffer.from(text)),
        ...fc.sample(damagedText, { numRuns: 2500, seed: 21 }),
      ];
      const kinds = { read: 0, ambiguous: 0, malformed: 0 };
      for (const [i, members] of askPython(texts).entries()) {
        const text = texts[i] ?? Buffer.alloc(0);
        const result = readJson(text, PLAN, LIMITS);
        if (members === null) {
          expect(result.ok).toBe(false);
          kinds.malformed++;
        } else if (isAmbiguous(members)) {
          expect(result).toMatchObject({ ok: false, fault: { code: 'ambiguous_member' } });
          kinds.ambiguous++;
        } else {
          if (!result.ok) throw new Error(result.fault.reason);
          const found = result.reading.members.map((member) => {
            const source = text.toString('utf8', member.valueStart, member.valueEnd);
            return [
              member.path,
              member.kind === 'number'
                ? `number ${source}`
                : member.kind === 'object' || member.kind === 'array'
                  ? member.kind
                  : member.kind === 'string'
                    ? member.text
                    : JSON.parse(source),
            ];
          });
          const expected = members
            .filter(([name]) => PATHS.includes(name))
            .map(([name, value]) => [name, foundValue(value)]);
          expect(found).toEqual(expected);
          expect(result.reading.containers[0]?.memberCount).toBe(members.length);
          kinds.read++;
        }
      }
      expect(Math.min(...Object.values(kinds))).toBeGreaterThan(50);
    });

    test('edited texts hold the other members unchanged and in order', () => {
      const before: Buffer[] = [];
      const after: Buffer[] = [];
      for (const text of fc.sample(legalText, { numRuns: 2500, seed: 22 })) {
        const bytes = Buffer.from(text);
        const result = readJson(bytes, PLAN, LIMITS);
        if (!result.ok) continue;
        const { members, containers } = result.reading;
        const top = containers[0];
        if (top === undefined) throw new Error('the top level is missing');
        const cuts = members
          .filter(({ path }) => path !== 'model')
          .map((member) => ({ kind: 'cut' as const, member }));
        const replacements = members
          .filter(({ path }) => path === 'model')
          .map((member) => ({ kind: 'replace' as const, member, value: 'ä"\n' }));
        before.push(bytes);
        after.push(
          applyEdits(bytes, [
            { kind: 'insert', container: top, key: 'put in', value: '\\' },
            ...cuts,
            ...replacements,
          ]),
        );
      }
      const answers = askPython([...before, ...after]);
      for (const [i, members] of answers.slice(0, before.length).entries()) {
        const kept = (members ?? []).filter(([name]) => name === 'model' || !PATHS.includes(name));
        const expected = kept.map(([name, value]) => [name, name === 'model' ? 'ä"\n' : value]);
        expect(answers[before.length + i]).toEqual([...expected, ['put in', '\\']]);
      }
      expect(before.length).toBeGreaterThan(1000);
    });
  },
);

/** What the reader says of a value that Python read. */
function foundValue(value: unknown): unknown {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'object' && value !== null) return 'object';
  return typeof value === 'string' ? value.toWellFormed() : value;
}

import * as fc from 'fast-check';
import { type Node, parseTree } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { applyEdits } from '../../src/json/editor.ts';
import { readJson } from '../../src/json/reader.ts';
import type { JsonEdit } from '../../src/json/types.ts';
import { LIMITS, PATHS, PLAN } from '../json/support.ts';
import { damagedText, legalText, oracleReading } from './json-texts.ts';

/** The text, if it is one that `JSON.parse` reads as an object. */
function parsed(bytes: Buffer): { text: string; value: unknown } | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { text, value } : undefined;
  } catch {
    return undefined;
  }
}

/** Bytes at a given distance from a word's border, between quotes that must never be read. */
function shifted(bytes: Buffer, shift: number): Buffer {
  const room = Buffer.alloc(bytes.length + 8, 0x22);
  bytes.copy(room, shift);
  return room.subarray(shift, shift + bytes.length);
}

describe('the reader', () => {
  test('accepts what JSON.parse accepts and refuses the rest, but for ambiguous members', () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          legalText.map((text) => Buffer.from(text)),
          damagedText,
        ),
        fc.nat(7),
        (bytes, shift) => {
          const result = readJson(shifted(bytes, shift), PLAN, LIMITS);
          const expected = parsed(bytes);
          if (expected === undefined) expect(result.ok).toBe(false);
          else if (oracleReading(expected.text, PATHS).ambiguous)
            expect(result).toMatchObject({ ok: false, fault: { code: 'ambiguous_member' } });
          else expect(result.ok).toBe(true);
          if (result.ok) accepted++;
          else refused++;
        },
      ),
      { numRuns: 2000 },
    );
    // The generator must keep producing both kinds.
    expect(Math.min(accepted, refused)).toBeGreaterThan(300);
  });

  test('finds the members that jsonc-parser finds, with their values and places', () => {
    fc.assert(
      fc.property(legalText, (text) => {
        const bytes = Buffer.from(text);
        const result = readJson(bytes, PLAN, LIMITS);
        const oracle = oracleReading(bytes.toString(), PATHS);
        fc.pre(!oracle.ambiguous);
        if (!result.ok) throw new Error(result.fault.reason);
        const found = result.reading.members.map((member) => ({
          location: member.location,
          value:
            member.kind === 'string'
              ? member.text
              : JSON.parse(bytes.toString('utf8', member.valueStart, member.valueEnd)),
          source: bytes.toString('utf8', member.keyStart, member.valueEnd),
          valueSource: bytes.toString('utf8', member.valueStart, member.valueEnd),
        }));
        const expected = oracle.members.map((member) => ({
          ...member,
          value: typeof member.value === 'string' ? member.value.toWellFormed() : member.value,
        }));
        const byLocation = (a: { location: string }, b: { location: string }) =>
          a.location < b.location ? -1 : 1;
        expect(found.toSorted(byLocation)).toEqual(expected.toSorted(byLocation));
        for (const [i, member] of result.reading.members.entries()) {
          expect(member.loneSurrogate).toBe(
            member.kind === 'string' && !String(JSON.parse(found[i]?.valueSource ?? '')).isWellFormed(),
          );
        }
      }),
      { numRuns: 1000 },
    );
  });
});

/** The value at a location such as `fallbacks[1]`. */
function valueAt(root: unknown, location: string): Record<string, unknown> {
  const steps = location.match(/[^.[\]]+/g) ?? [];
  return steps.reduce((value, step) => (value as Record<string, unknown>)[step], root) as Record<
    string,
    unknown
  >;
}

/** The sources of all members, but for what `skip` names by location. */
function memberSources(text: string, skip: (location: string) => boolean): string[] {
  const sources: string[] = [];
  const walk = (node: Node, location: string): void => {
    for (const [i, child] of (node.children ?? []).entries()) {
      const [key, value] = child.children ?? [];
      if (node.type === 'array') walk(child, `${location}[${i}]`);
      else if (node.type === 'object' && key !== undefined && value !== undefined) {
        const place = location === '' ? String(key.value) : `${location}.${key.value}`;
        if (skip(place)) continue;
        if (value.type === 'object' || value.type === 'array')
          sources.push(text.slice(key.offset, value.offset + 1));
        else sources.push(text.slice(key.offset, value.offset + value.length));
        walk(value, place);
      }
    }
  };
  const root = parseTree(text);
  if (root !== undefined) walk(root, '');
  return sources;
}

describe('the editor', () => {
  test('changes what the edits name, and not one byte of any other member', () => {
    fc.assert(
      fc.property(
        legalText,
        fc.infiniteStream(fc.nat(2)),
        fc.string({ unit: 'binary', maxLength: 8 }),
        (text, choices, word) => {
          const bytes = Buffer.from(text);
          const result = readJson(bytes, PLAN, LIMITS);
          fc.pre(result.ok);
          if (!result.ok) return;
          const expected: unknown = JSON.parse(bytes.toString());
          const touched = new Set<string>();
          const edits: JsonEdit[] = [];
          const { members, containers } = result.reading;
          for (const container of containers) {
            if (choices.next().value !== 0) continue;
            edits.push({ kind: 'insert', container, key: 'put in', value: word });
            valueAt(expected, container.location)['put in'] = word;
            touched.add(container.location === '' ? 'put in' : `${container.location}.put in`);
          }
          // Inner members first, so that an outer edit takes away what was done inside.
          for (const member of members.toReversed()) {
            const choice = choices.next().value;
            const key = member.path.slice(member.path.lastIndexOf('.') + 1);
            const object = valueAt(
              expected,
              member.location.slice(0, Math.max(0, member.location.length - key.length - 1)),
            );
            if (choice === 0) continue;
            touched.add(member.location);
            if (choice === 1) {
              edits.push({ kind: 'cut', member });
              delete object[key];
            } else {
              edits.push({ kind: 'replace', member, value: word });
              object[key] = word;
            }
          }
          const edited = applyEdits(bytes, edits).toString('utf8');
          expect(JSON.parse(edited)).toEqual(expected);
          const skip = (location: string) => touched.has(location);
          expect(memberSources(edited, skip)).toEqual(memberSources(bytes.toString(), skip));
          expect(readJson(Buffer.from(edited), PLAN, LIMITS).ok).toBe(true);
          expect(bytes.equals(Buffer.from(text))).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

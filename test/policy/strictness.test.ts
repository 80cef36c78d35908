import { describe, expect, it } from 'vitest';
import { COMPATIBLE, resolveStrictness, STRICT } from '../../src/policy/strictness.ts';
import type { Strictness } from '../../src/policy/types.ts';

describe('resolveStrictness', () => {
  it('is compatible where nothing is said', () => {
    expect(resolveStrictness({})).toEqual({ strictness: COMPATIBLE, name: 'compatible' });
  });

  it('differs between the presets in every line', () => {
    for (const line of Object.keys(COMPATIBLE) as (keyof Strictness)[]) {
      expect(STRICT[line]).not.toBe(COMPATIBLE[line]);
    }
    expect(Object.keys(STRICT)).toEqual(Object.keys(COMPATIBLE));
  });

  it.each(Object.keys(STRICT) as (keyof Strictness)[])('sets %s on its own, on either preset', (line) => {
    const stricter = resolveStrictness({ preset: 'compatible', [line]: STRICT[line] });
    expect(stricter).toEqual({ strictness: { ...COMPATIBLE, [line]: STRICT[line] }, name: 'custom' });
    const milder = resolveStrictness({ preset: 'strict', [line]: COMPATIBLE[line] });
    expect(milder).toEqual({ strictness: { ...STRICT, [line]: COMPATIBLE[line] }, name: 'custom' });
  });

  it('names a preset by what results, and takes undefined as left out', () => {
    expect(resolveStrictness({ preset: 'strict', unknown_tier: undefined }).name).toBe('strict');
    expect(resolveStrictness({ preset: 'strict', unknown_tier: 'refuse' }).name).toBe('strict');
    expect(resolveStrictness({ ...STRICT }).name).toBe('strict');
  });
});

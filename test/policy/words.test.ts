import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_WORD_LENGTH, normalizeWord, readTier, trimText } from '../../src/policy/words.ts';

const TABLE = { fast: 'priority', priority: 'priority', flex: 'flex' } as const;

describe('trimText', () => {
  it.each([
    0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2005, 0x200a, 0x2028, 0x2029, 0x202f,
    0x205f, 0x3000,
  ])('takes U+%i off both ends', (unit) => {
    const space = String.fromCharCode(unit);
    expect(trimText(`${space}${space}fa st${space}`)).toBe('fa st');
  });

  it.each([0x00, 0x08, 0x0e, 0x1f, 0x7f, 0x84, 0x86, 0x180e, 0x200b, 0x2060, 0xfeff])(
    'keeps U+%i',
    (unit) => {
      const text = `${String.fromCharCode(unit)}fast`;
      expect(trimText(text)).toBe(text);
    },
  );

  it('agrees with the White_Space property of Unicode on every text', () => {
    const unit = fc.constantFrom(
      ' ',
      '\t',
      '\u0085',
      '\u00a0',
      '\u3000',
      '\ufeff',
      '\u200b',
      'a',
      '\ud83d',
      'é',
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        const expected = text.replace(/^\p{White_Space}+/u, '').replace(/\p{White_Space}+$/u, '');
        expect(trimText(text)).toBe(expected);
      }),
    );
  });

  it('takes every character off a blank text', () => {
    expect(trimText(' \t\u0085')).toBe('');
    expect(trimText('')).toBe('');
  });
});

describe('normalizeWord', () => {
  it('folds A–Z only', () => {
    expect(normalizeWord('  PrIORity ')).toBe('priority');
    expect(normalizeWord('PRİORITY')).toBe('prİority');
    expect(normalizeWord('\u212a')).toBe('\u212a');
    expect(normalizeWord('É')).toBe('É');
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(normalizeWord(normalizeWord(text))).toBe(normalizeWord(text));
      }),
    );
  });
});

describe('readTier', () => {
  it.each([
    ['priority', 'priority'],
    [' FAST\u0085', 'priority'],
    ['Flex', 'flex'],
  ])('reads %j', (word, tier) => {
    expect(readTier(word, TABLE, {})).toEqual({ kind: 'known', tier });
  });

  it.each([
    '',
    '  ',
    'turbo',
    'priority\0',
    'prioritý',
    'PRİORITY',
    '\ufefffast',
    'constructor',
    '__proto__',
  ])('does not know %j', (word) => {
    expect(readTier(word, TABLE, {})).toEqual({ kind: 'unknown' });
  });

  it('reads the words that a route adds, before its own', () => {
    expect(readTier(' Turbo ', TABLE, { turbo: 'ultrafast' })).toEqual({ kind: 'known', tier: 'ultrafast' });
    expect(readTier('fast', TABLE, { fast: 'ultrafast' })).toEqual({ kind: 'known', tier: 'ultrafast' });
  });

  it('looks up words of the longest length and none beyond', () => {
    const longest = 'x'.repeat(MAX_WORD_LENGTH);
    expect(readTier(` ${longest} `, {}, { [longest]: 'flex' })).toEqual({ kind: 'known', tier: 'flex' });
    expect(readTier(`${longest}x`, {}, { [`${longest}x`]: 'flex' })).toEqual({ kind: 'unknown' });
  });
});

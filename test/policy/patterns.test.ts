import { describe, expect, it } from 'vitest';
import { compilePatterns, matchesPatterns, patternFault } from '../../src/policy/patterns.ts';

describe('matchesPatterns', () => {
  it.each([
    ['gpt-5.5', 'gpt-5.5', true],
    ['gpt-5.5', 'gpt-5.5-2026-04-01', false],
    ['gpt-5.5', 'openai/gpt-5.5', false],
    ['gpt-5.5', 'GPT-5.5', false],
    ['gpt-5.5*', 'gpt-5.55', true],
    ['gpt-5.5*', 'gpt-5.5', true],
    ['gpt-5.5*', 'gpt-5.', false],
    ['gpt-*-mini', 'gpt-5-mini', false],
    ['gpt-*-mini', 'gpt-*-mini', true],
    ['gpt-**', 'gpt-*x', true],
    ['gpt-**', 'gpt-5', false],
    ['*', 'anything', true],
    ['*', '', true],
    ['gpt-5.5', '', false],
  ])('%j on %j: %j', (pattern, model, expected) => {
    expect(matchesPatterns(compilePatterns([pattern]), model)).toBe(expected);
  });

  it('takes any of several', () => {
    const patterns = compilePatterns(['a', 'b*', 'c']);
    expect(['a', 'bb', 'c', 'd'].map((model) => matchesPatterns(patterns, model))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('patternFault', () => {
  it('knows patterns that fit no model', () => {
    expect(patternFault('gpt-*-mini')).toContain('*');
    expect(patternFault('gpt-**')).toContain('*');
    expect(patternFault('gpt 5')).toContain('white space');
    expect(patternFault('gpt-5*')).toBeUndefined();
    expect(patternFault('*')).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { codexModel } from '../../src/policy/codex-models.ts';
import { matchModel } from '../../src/policy/models.ts';

describe('matchModel', () => {
  const aliases = {
    fast: 'gpt-5.5',
    'fast-*': 'gpt-5.4',
    'fast-mini*': 'gpt-5.4-mini',
    'fast-exact': 'o5',
    chain: 'fast',
    spaced: ' gpt-5.2 ',
  };

  it.each([
    ['fast', 'gpt-5.5'],
    [' fast ', 'gpt-5.5'],
    ['fast-exact', 'o5'],
    ['fast-x', 'gpt-5.4'],
    ['fast-mini-x', 'gpt-5.4-mini'],
    ['fast-mini', 'gpt-5.4-mini'],
    ['chain', 'fast'],
    ['spaced', 'gpt-5.2'],
    ['Fast', 'Fast'],
    ['other', 'other'],
    ['constructor', 'constructor'],
    ['', ''],
  ])('%j → %j', (word, expected) => {
    expect(matchModel(word, { aliases, normalize: 'none' })).toBe(expected);
  });

  it('takes the longest prefix whatever the order of the table', () => {
    const reversed = {
      aliases: { 'fast-mini*': 'long', 'fast-*': 'short', '*': 'any' },
      normalize: 'none',
    } as const;
    expect(matchModel('fast-mini-2', reversed)).toBe('long');
    expect(matchModel('fast-2', reversed)).toBe('short');
    expect(matchModel('x', reversed)).toBe('any');
  });

  it('applies the codex table behind the aliases, and only where it is asked for', () => {
    expect(matchModel('house', { aliases: { house: 'openai/GPT-5.5-high' }, normalize: 'codex' })).toBe(
      'gpt-5.5',
    );
    expect(matchModel('gpt-5-codex', { aliases: {}, normalize: 'none' })).toBe('gpt-5-codex');
    expect(matchModel('', { aliases: {}, normalize: 'codex' })).toBe('gpt-5.4');
  });
});

describe('codexModel', () => {
  it.each([
    ['', 'gpt-5.4'],
    ['  ', 'gpt-5.4'],
    ['gpt-5', 'gpt-5.4'],
    ['gpt-5-mini', 'gpt-5.4'],
    ['gpt-5-nano', 'gpt-5.4'],
    ['gpt-5-codex', 'gpt-5.3-codex'],
    ['gpt-5.1', 'gpt-5.4'],
    ['gpt-5.1-codex', 'gpt-5.3-codex'],
    ['gpt-5.1-codex-max', 'gpt-5.3-codex'],
    ['codex-mini-latest', 'gpt-5.3-codex'],
    ['codex-auto-review', 'codex-auto-review'],
    ['gpt-5.2', 'gpt-5.2'],
    ['gpt-5.2-codex', 'gpt-5.2'],
    ['gpt-5.2-xhigh', 'gpt-5.2'],
    ['gpt-5.3', 'gpt-5.3-codex'],
    ['gpt-5.3-low', 'gpt-5.3-codex'],
    ['gpt-5.3-codex-medium', 'gpt-5.3-codex'],
    ['gpt-5.3-codex-spark-none', 'gpt-5.3-codex-spark'],
    ['gpt-5.4-chat-latest', 'gpt-5.4'],
    ['gpt-5.4-mini', 'gpt-5.4-mini'],
    ['gpt-5.4-minimal', 'gpt-5.4'],
    ['gpt-5.5', 'gpt-5.5'],
    ['gpt-5.5-pro', 'gpt-5.5-pro'],
    ['gpt-5.5-2026-04-01', 'gpt-5.5'],
    ['gpt-5.6-sol', 'gpt-5.6-sol'],
    ['gpt-5.6-terra-high', 'gpt-5.6-terra'],
    ['gpt-5.6-luna', 'gpt-5.6-luna'],
    ['  openai/GPT 5.5 High', 'gpt-5.5'],
    ['a/b/gpt-5.5', 'gpt-5.5'],
  ])('%j → %j', (word, expected) => {
    expect(codexModel(word)).toBe(expected);
  });

  it.each([
    'gpt-4o',
    'gpt-5.5-turbo',
    'gpt-5.55',
    'gpt-5.5-2026-04',
    'Claude-Opus',
    'vendor/x',
    'gpt-5.5-high-low',
  ])('leaves %j as it is', (word) => {
    expect(codexModel(` ${word} `)).toBe(word);
  });

  it.each(['gpt-image-1', 'GPT-Image-2', 'dall-e-3', 'chatgpt-image-latest'])(
    'leaves the image model %j',
    (word) => {
      expect(codexModel(word)).toBe(word);
    },
  );
});

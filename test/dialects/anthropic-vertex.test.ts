import { describe, expect, it } from 'vitest';
import { anthropicVertex as dialect } from '../../src/dialects/anthropic-vertex.ts';
import { rule, runDialect } from './run-dialect.ts';

const PATH = '/v1/projects/p/locations/global/publishers/anthropic/models/';

describe('the model of a Vertex AI path', () => {
  it.each([
    ['claude-opus-5:rawPredict', 'claude-opus-5'],
    ['claude-opus-5@20260101:streamRawPredict?alt=sse', 'claude-opus-5@20260101'],
    ['claude-opus-5%4020260101%3ArawPredict', 'claude-opus-5@20260101'],
    ['Claude:RAWPREDICT/', 'Claude'],
    ['%63laude:raw%50redict#x', 'claude'],
    ['.//claude:rawPredict;x=1?y', 'claude'],
  ])('%s is %s, whatever the body names', (end, model) => {
    const body = '{"model":"other","speed":"fast"}';
    const result = runDialect({ dialect, path: PATH + end, body });
    expect(result.claims).toEqual([`body:speed=priority@${model}`]);
    expect(result.model).toEqual({ kind: 'known', word: model });
    expect(result.text).toBe(body);
  });

  it.each(['cl%20aude:rawPredict', 'a/b:rawPredict', 'claude%2540:rawPredict'])(
    'cannot be told from %s, and is then read strictly',
    (end) => {
      const rules = [rule({ model_whitelist: ['other'], action: 'pass', fallback_action: 'filter' })];
      const body = '{"model":"other","speed":"fast"}';
      const result = runDialect({ dialect, path: PATH + end, body, rules });
      expect(result.model).toEqual({ kind: 'unavailable' });
      expect(result).toMatchObject({ action: 'filter', text: '{"model":"other"}' });
    },
  );

  it('is known for a header without a body', () => {
    const header = { name: 'anthropic-beta', lines: ['fast-mode-1'] };
    const result = runDialect({ dialect, path: `${PATH}claude:rawPredict`, header, rules: [rule()] });
    expect(result).toMatchObject({ claims: ['header:anthropic-beta=priority@claude'], lines: [] });
  });

  it('is that of the claims of the top level, and not of the fallbacks', () => {
    const body = '{"fallbacks":[{"model":"a","speed":"fast"}],"service_tier":"auto"}';
    expect(runDialect({ dialect, path: `${PATH}claude:rawPredict`, body }).claims).toEqual([
      'body:service_tier=auto@claude',
      'body:fallbacks[0].speed=priority@a',
    ]);
  });
});

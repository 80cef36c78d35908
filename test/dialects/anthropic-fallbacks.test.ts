import { describe, expect, it } from 'vitest';
import { anthropicMessages as dialect } from '../../src/dialects/anthropic-messages.ts';
import { rule, runDialect } from './run-dialect.ts';

/** Filters `priority` for one model only. */
const onlyFor = (model: string, fields: object = {}) => [rule({ model_whitelist: [model], ...fields })];

describe('fallbacks', () => {
  it('are claims with their own speed and model', () => {
    const body =
      '{"model":"m","fallbacks":[{"model":"a","speed":"fast"},{"speed":"standard"},7,{"model":"c"},{"model":" ","speed":3}]}';
    expect(runDialect({ dialect, body }).claims).toEqual([
      'body:fallbacks[0].speed=priority@a',
      'body:fallbacks[1].speed=default@-',
      'body:fallbacks[4].speed=invalid@-',
    ]);
  });

  it('inherit the speed of the top level', () => {
    const body = '{"model":"m","fallbacks":[{"model":"a"},{"model":"b","speed":null}],"speed":" Fast "}';
    const result = runDialect({ dialect, body });
    expect(result.claims).toEqual([
      'body:speed=priority@m',
      'body:fallbacks[0].speed (inherited)=priority@a',
      'body:fallbacks[1].speed (inherited)=priority@b',
    ]);
    expect(result.words).toEqual([' Fast ', ' Fast ', ' Fast ']);
    expect(result.sent).toEqual(['priority', 'priority', 'priority']);
    expect(result.text).toBe(body.replace(' Fast ', 'fast'));
  });

  it.each(['"standard"', 'null', '"turbo"', '1'])('inherit nothing from a top-level speed of %s', (speed) => {
    const { claims } = runDialect({ dialect, body: `{"speed":${speed},"fallbacks":[{"model":"a"}]}` });
    expect(claims).toHaveLength(1);
  });

  it.each([
    [
      'filter pins one that inherits',
      '{"speed":"fast","fallbacks":[{"model":"a"},{"model":"b"},{}]}',
      { rules: onlyFor('a') },
      '{"speed":"fast","fallbacks":[{"model":"a","speed":"standard"},{"model":"b"},{}]}',
      ['priority', 'default', 'priority', 'priority'],
    ],
    [
      'filter pins one with null',
      '{"speed":"fast","fallbacks":[{"model":"a","speed":null}]}',
      { rules: onlyFor('a') },
      '{"speed":"fast","fallbacks":[{"model":"a","speed":"standard"}]}',
      ['priority', 'default'],
    ],
    [
      'filter needs no pin where the top level is filtered too',
      '{"model":"m","speed":"fast","fallbacks":[{"model":"a"}]}',
      { rules: [rule()] },
      '{"model":"m","fallbacks":[{"model":"a"}]}',
      [undefined, undefined],
    ],
    [
      'nor where it is set to the standard',
      '{"model":"m","speed":"fast","fallbacks":[{"model":"a"}]}',
      { rules: [rule()], filter: 'default' as const },
      '{"model":"m","speed":"standard","fallbacks":[{"model":"a"}]}',
      ['default', 'default'],
    ],
    [
      'one that was allowed to inherit gets no speed of its own when the top level loses its',
      '{"model":"m","speed":"fast","fallbacks":[{"model":"a"}]}',
      { rules: onlyFor('m') },
      '{"model":"m","fallbacks":[{"model":"a"}]}',
      [undefined, undefined],
    ],
    [
      'filter cuts an own speed',
      '{"fallbacks":[{"model":"a","speed":"fast"}]}',
      { rules: [rule()] },
      '{"fallbacks":[{"model":"a"}]}',
      [undefined],
    ],
    [
      'filter does not cut an own speed where a fast one would be inherited',
      '{"speed":"fast","fallbacks":[{"model":"a","speed":"fast"}]}',
      { rules: onlyFor('a') },
      '{"speed":"fast","fallbacks":[{"model":"a","speed":"standard"}]}',
      ['priority', 'default'],
    ],
    [
      'force pins one that inherits',
      '{"speed":"fast","fallbacks":[{"model":"a"}]}',
      { rules: onlyFor('a', { action: 'force', force_tier: 'default' }) },
      '{"speed":"fast","fallbacks":[{"model":"a","speed":"standard"}]}',
      ['priority', 'default'],
    ],
    [
      'force holds where the top level is filtered',
      '{"model":"m","speed":"fast","fallbacks":[{"model":"a"}]}',
      {
        rules: [
          rule({
            model_whitelist: ['a'],
            action: 'force',
            force_tier: 'priority',
            fallback_action: 'filter',
          }),
        ],
      },
      '{"model":"m","fallbacks":[{"model":"a","speed":"fast"}]}',
      [undefined, 'priority'],
    ],
    [
      'none gets fast because the top level is forced to it',
      '{"speed":"standard","fallbacks":[{"model":"a"},{"speed":null},{"speed":"standard","model":"a"}]}',
      {
        rules: [
          rule({
            service_tier: 'default',
            model_whitelist: ['a'],
            action: 'pass',
            fallback_action: 'force_priority',
          }),
        ],
      },
      '{"speed":"fast","fallbacks":[{"model":"a","speed":"standard"},{"speed":"standard"},{"speed":"standard","model":"a"}]}',
      ['priority', 'default', 'default'],
    ],
    [
      'none gets fast because a missing speed is forced to it',
      '{"model":"m","fallbacks":[{"model":"a"}]}',
      { rules: [rule({ service_tier: 'missing', action: 'force', force_tier: 'priority' })] },
      '{"model":"m","fallbacks":[{"model":"a","speed":"standard"}],"speed":"fast"}',
      [],
    ],
  ])('%s', (_, body, run, text, sent) => {
    const result = runDialect({ dialect, body, ...run });
    expect(result.text).toBe(text);
    expect(result.sent).toEqual(sent);
  });

  it('are judged without a quadratic search', () => {
    const body = `{"speed":"fast","fallbacks":[${Array.from({ length: 9000 }, () => '{"model":"a"}').join(',')}]}`;
    const result = runDialect({ dialect, body, rules: onlyFor('a') });
    expect(result.claims).toHaveLength(9001);
    expect(result.text?.match(/"speed":"standard"/g)).toHaveLength(9000);
  });
});

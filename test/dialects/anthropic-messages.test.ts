import { describe, expect, it } from 'vitest';
import { anthropicMessages as dialect } from '../../src/dialects/anthropic-messages.ts';
import { rule, runDialect } from './run-dialect.ts';

const DEFAULT_TO_FAST = { service_tier: 'default', action: 'force', force_tier: 'priority' };

describe('speed', () => {
  it.each([
    ['"fast"', 'priority'],
    ['" FAST "', 'priority'],
    ['"standard"', 'default'],
    ['"priority"', 'unknown'],
    ['null', 'null'],
    ['true', 'invalid'],
  ])('reads %s as %s', (value, tier) => {
    expect(runDialect({ dialect, body: `{"model":"m","speed":${value}}` }).claims).toEqual([
      `body:speed=${tier}@m`,
    ]);
  });

  it.each([
    ['pass rewrites an odd spelling', '{"speed":" Fast "}', {}, '{"speed":"fast"}', 'priority'],
    ['filter removes', '{"a":1,"speed":"fast"}', { rules: [rule()] }, '{"a":1}', undefined],
    [
      'filter sets the standard word where the route says so',
      '{"speed":"fast"}',
      { rules: [rule()], filter: 'default' as const },
      '{"speed":"standard"}',
      'default',
    ],
    [
      'force sets',
      '{"speed":"standard"}',
      { rules: [rule(DEFAULT_TO_FAST)] },
      '{"speed":"fast"}',
      'priority',
    ],
  ])('%s', (_, body, run, text, sent) => {
    const result = runDialect({ dialect, body, ...run });
    expect(result.text).toBe(text);
    expect(result.sent).toEqual([sent]);
  });
});

describe('service_tier', () => {
  it.each([
    ['"auto"', 'auto'],
    ['"Standard_Only"', 'default'],
    ['"priority"', 'unknown'],
  ])('reads %s as %s', (value, tier) => {
    const { claims } = runDialect({ dialect, body: `{"model":"m","service_tier":${value}}` });
    expect(claims).toEqual([`body:service_tier=${tier}@m`]);
  });

  it.each(['remove', 'default'] as const)('is set to standard_only by filter, route mode %s', (filter) => {
    const rules = [rule({ service_tier: 'auto' })];
    const result = runDialect({ dialect, body: '{"service_tier":"auto","a":1}', rules, filter });
    expect(result.text).toBe('{"service_tier":"standard_only","a":1}');
    expect(result.sent).toEqual(['default']);
  });

  it('is judged apart from speed', () => {
    const body = '{"speed":"fast","service_tier":" AUTO "}';
    const result = runDialect({ dialect, body, rules: [rule()] });
    expect(result.text).toBe('{"service_tier":"auto"}');
    expect(result.sent).toEqual([undefined, 'auto']);
  });
});

describe('force', () => {
  const missing = (force_tier: string) => [rule({ service_tier: 'missing', action: 'force', force_tier })];

  it.each([
    ['priority', '{"speed":"fast"}'],
    ['default', '{"speed":"standard"}'],
    ['auto', '{"service_tier":"auto"}'],
  ])('of %s for missing appends %s', (tier, text) => {
    expect(runDialect({ dialect, body: '{}', rules: missing(tier) }).text).toBe(text);
  });

  it('for missing replaces null', () => {
    const body = '{"speed":null,"service_tier":null}';
    const fast = runDialect({ dialect, body, rules: missing('priority'), strict: true });
    expect(fast).toMatchObject({
      text: '{"speed":"fast","service_tier":null}',
      sent: ['priority', undefined],
    });
    const auto = runDialect({ dialect, body, rules: missing('auto'), strict: true });
    expect(auto).toMatchObject({ text: '{"speed":null,"service_tier":"auto"}', sent: [undefined, 'auto'] });
  });

  it.each([
    ['{}', missing('flex'), 'flex'],
    ['{"speed":"fast"}', [rule({ action: 'force', force_tier: 'auto' })], 'auto'],
    [
      '{"service_tier":"auto"}',
      [rule({ service_tier: 'auto', action: 'force', force_tier: 'scale' })],
      'scale',
    ],
    ['{"fallbacks":[{"speed":"fast"}]}', [rule({ action: 'force', force_tier: 'flex' })], 'flex'],
  ])('says that %s has no word for the tier', (body, rules, tier) => {
    expect(runDialect({ dialect, body, rules }).unsupported).toBe(tier);
  });

  it('sends the word that the route adds', () => {
    const words = { turbo: 'ultrafast', fast: 'ultrafast' } as const;
    const rules = [rule({ service_tier: 'default', action: 'force', force_tier: 'ultrafast' })];
    expect(runDialect({ dialect, body: '{"speed":"standard"}', rules, words }).text).toBe(
      '{"speed":"turbo"}',
    );
  });
});

describe('anthropic-beta', () => {
  const NAME = 'anthropic-beta';
  const run = (lines: readonly string[], body: string | undefined, fields: object = {}) =>
    runDialect({ dialect, body, header: { name: NAME, lines }, rules: [rule()], ...fields });

  it.each([
    [['fast-mode-2026-02-01'], 'fast-mode-2026-02-01', []],
    [['a-1, FAST-Mode-2031-12-24 ,b-2'], 'FAST-Mode-2031-12-24', ['a-1,b-2']],
    [['a', 'b,fast-mode-x', 'fast-mode-y'], 'fast-mode-x', ['a', 'b']],
    [['fast-mode-x, , '], 'fast-mode-x', []],
    [['fast-mode'], 'fast-mode', []],
    [['a;fast-mode-1'], 'fast-mode-1', ['a']],
    [['a; fast-mode-1 b , c'], 'fast-mode-1', ['a,b, c']],
    [['a fast-mode-1'], 'fast-mode-1', ['a']],
    [['a\tfast-mode-1', 'b;q=1'], 'fast-mode-1', ['a', 'b;q=1']],
    [['"fast-mode-1"'], 'fast-mode-1', []],
  ])('asks priority with %j, and filter takes the token out', (lines, word, left) => {
    const result = run(lines, '{"model":"m"}');
    expect(result.claims).toEqual([`header:${NAME}=priority@m`]);
    expect(result.words).toEqual([word]);
    expect(result.lines).toEqual(left);
    expect(result.text).toBe('{"model":"m"}');
    expect(result.sent).toEqual([undefined]);
  });

  it.each([[['a, b']], [['fast-modern-1']], [['xfast-mode-1']], [[]]])('asks nothing with %j', (lines) => {
    expect(run(lines, '{}').claims).toEqual([]);
  });

  it('asks without a body too', () => {
    expect(run(['fast-mode-1'], undefined)).toMatchObject({
      claims: [`header:${NAME}=priority@-`],
      lines: [],
    });
  });

  it.each([
    ['{"speed":"standard"}', ['body:speed=default@-']],
    ['{"speed":"turbo"}', ['body:speed=unknown@-', `header:${NAME}=priority@-`]],
    ['{"speed":null}', ['body:speed=null@-', `header:${NAME}=priority@-`]],
    ['{"speed":1}', ['body:speed=invalid@-', `header:${NAME}=priority@-`]],
  ])('counts with %s by whether its speed is known', (body, claims) => {
    expect(run(['fast-mode-1'], body).claims).toEqual(claims);
  });

  it('stays, every byte, where nothing is taken away', () => {
    const lines = ['a , fast-mode-1 ', ' b'];
    expect(run(lines, '{"speed":"standard"}').lines).toEqual(lines);
    expect(run(lines, '{"speed":"fast"}', { rules: [] }).lines).toEqual(lines);
    expect(run(lines, '{}', { rules: [] })).toMatchObject({ lines, sent: ['priority'] });
  });

  it('goes with a speed that is filtered or forced to the standard', () => {
    const lines = ['a,fast-mode-1'];
    expect(run(lines, '{"speed":"fast"}')).toMatchObject({ lines: ['a'], text: '{}' });
    const forced = run(lines, '{"speed":"fast"}', {
      rules: [rule({ action: 'force', force_tier: 'default' })],
    });
    expect(forced).toMatchObject({ lines: ['a'], text: '{"speed":"standard"}', sent: ['default'] });
    const faster = run(lines, '{"speed":"standard"}', { rules: [rule(DEFAULT_TO_FAST)] });
    expect(faster).toMatchObject({ lines, text: '{"speed":"fast"}' });
  });

  it('is forced by way of the speed of the body', () => {
    const lines = ['fast-mode-1'];
    const slow = { rules: [rule({ action: 'force', force_tier: 'default' })] };
    const fast = { rules: [rule({ action: 'force', force_tier: 'priority' })] };
    expect(run(lines, '{"a":1}', slow)).toMatchObject({
      lines: [],
      text: '{"a":1,"speed":"standard"}',
      sent: ['default'],
    });
    expect(run(lines, '{"speed":null}', fast)).toMatchObject({
      lines,
      text: '{"speed":"fast"}',
      sent: ['priority', 'priority'],
    });
    expect(run(lines, undefined, slow)).toMatchObject({ lines: [], sent: ['default'] });
  });

  it('gets the token that a speed forced to fast needs', () => {
    const fast = { rules: [rule({ service_tier: 'default', action: 'force', force_tier: 'priority' })] };
    const token = 'fast-mode-2026-02-01';
    const slow = '{"speed":"standard"}';
    expect(run([], slow, fast)).toMatchObject({ text: '{"speed":"fast"}', lines: [token] });
    expect(run(['a, b', 'c'], slow, fast).lines).toEqual([`a, b,${token}`, 'c']);
    expect(run([' '], slow, fast).lines).toEqual([token]);
    expect(run(['a', 'fast-mode-1'], slow, fast).lines).toEqual(['a', 'fast-mode-1']);
    const missing = { rules: [rule({ service_tier: 'missing', action: 'force', force_tier: 'priority' })] };
    expect(run([], '{}', missing)).toMatchObject({ text: '{"speed":"fast"}', lines: [token] });
    const fallback = '{"fallbacks":[{"speed":"standard"}]}';
    expect(run([], fallback, fast)).toMatchObject({
      text: '{"fallbacks":[{"speed":"fast"}]}',
      lines: [token],
    });
  });

  it('gets no token where the client asked fast without one, nor where nothing is set', () => {
    expect(run([], '{"speed":"fast"}', { rules: [] }).lines).toEqual([]);
    const auto = { rules: [rule({ service_tier: 'missing', action: 'force', force_tier: 'auto' })] };
    expect(run([], '{}', auto).lines).toEqual([]);
    const missing = { rules: [rule({ service_tier: 'missing', action: 'force', force_tier: 'priority' })] };
    expect(run([], undefined, missing).lines).toEqual([]);
  });

  it('yields to a stricter outcome of the speed', () => {
    const rules = [rule({ action: 'force', force_tier: 'default' }), rule({ service_tier: 'unknown' })];
    expect(run(['fast-mode-1'], '{"speed":"turbo"}', { rules })).toMatchObject({ lines: [], text: '{}' });
  });
});

describe('refusals', () => {
  it.each([
    [403, 'permission_error', 'policy_violation', 'permission_error'],
    [400, 'invalid_request_error', 'malformed_json', 'invalid_request_error'],
    [413, 'invalid_request_error', 'body_too_large', 'request_too_large'],
    [503, 'server_error', 'policy_unavailable', 'api_error'],
    [503, 'server_error', 'overloaded', 'overloaded_error'],
  ])('at %i of %s %s are of the type %s', (status, type, code, expected) => {
    expect(dialect.refusalBody({ status, type, code, message: 'm' })).toBe(
      `{"type":"error","error":{"type":"${expected}","message":"m"}}`,
    );
  });

  it.each(['{"speed":"\\ud83d"}', '{"fallbacks":[{},{"model":"\\udc00"}]}'])('refuses %s', (body) => {
    expect(runDialect({ dialect, body }).fault).toBe('malformed_json');
  });
});

import { describe, expect, it } from 'vitest';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { rule, runDialect } from './run-dialect.ts';

const HINT = 'x-codex-routing-hint';

describe.each([openAiResponses, openAiChat])('$name', (dialect) => {
  it.each([
    ['"priority"', 'priority', 'priority'],
    ['"fast"', 'priority', 'fast'],
    ['"\\u0066ast"', 'priority', 'fast'],
    ['" Fast "', 'priority', ' Fast '],
    ['"ULTRAFAST"', 'ultrafast', 'ULTRAFAST'],
    ['"flex"', 'flex', 'flex'],
    ['"turbo"', 'unknown', 'turbo'],
    ['""', 'unknown', ''],
    ['"constructor"', 'unknown', 'constructor'],
    ['null', 'null', undefined],
    ['7', 'invalid', undefined],
    ['{"a":1}', 'invalid', undefined],
  ])('reads service_tier %s as %s', (value, tier, word) => {
    const { claims, words } = runDialect({ dialect, body: `{"model":"m","service_tier":${value}}` });
    expect(claims).toEqual([`body:service_tier=${tier}@m`]);
    expect(words).toEqual([word]);
  });

  it.each([
    ['{"model":" gpt-5.5 "}', { kind: 'known', word: 'gpt-5.5' }],
    ['{"model":"  "}', { kind: 'absent' }],
    ['{"model":5}', { kind: 'absent' }],
    ['{"model":["gpt-5.5"]}', { kind: 'absent' }],
    ['{}', { kind: 'absent' }],
  ])('reads the model of %s', (body, model) => {
    expect(runDialect({ dialect, body }).model).toEqual(model);
  });

  it('takes the fallback model where the body names none', () => {
    const fallbackModel = { kind: 'unavailable' } as const;
    expect(runDialect({ dialect, body: '{"model":7}', fallbackModel }).model).toEqual(fallbackModel);
    expect(runDialect({ dialect, body: '{"model":"m"}', fallbackModel }).model).toMatchObject({ word: 'm' });
  });

  it('takes the deployment of an Azure path before the model of the body, which Azure ignores', () => {
    const run = { dialect, body: '{"model":"gpt-4o","service_tier":"priority"}', rules: [rule()] };
    const path = '/openai/deployments/Prod-5.5/chat/completions?api-version=1';
    expect(runDialect({ ...run, path }).claims).toEqual(['body:service_tier=priority@Prod-5.5']);
    for (const written of [
      '/deployments/Prod%2D5.5',
      '/deployments//./x/..\\Prod-5%2E5;v=1',
      '/%64eployments/Prod-5.5',
    ]) {
      const { model } = runDialect({ ...run, path: `/openai${written}/chat/completions/?api-version=1` });
      expect(model).toMatchObject({ word: 'Prod-5.5' });
    }
    for (const odd of ['/deployments/..', '/deployments/a%20b', '/deployments/a/b', '/deployments/..%2f/x']) {
      expect(runDialect({ ...run, path: `${odd}/chat/completions` }).model).toMatchObject({ word: 'gpt-4o' });
    }
  });

  it('records at most 64 bytes of a word, cut between characters', () => {
    const { words } = runDialect({ dialect, body: `{"service_tier":"${'x'.repeat(63)}é…"}` });
    expect(words).toEqual(['x'.repeat(63)]);
    const many = runDialect({ dialect, body: `{"service_tier":"${'🙂'.repeat(40)}"}` });
    expect(many.words).toEqual(['🙂'.repeat(16)]);
  });

  it.each(['{"service_tier":"\\ud800"}', '{"model":"a\\udc00"}'])(
    'refuses half a surrogate pair in %s',
    (body) => {
      expect(runDialect({ dialect, body }).fault).toBe('malformed_json');
    },
  );

  it('keeps half a surrogate pair that no rule reads', () => {
    expect(runDialect({ dialect, body: '{"input":"\\ud800"}' }).fault).toBeUndefined();
  });

  const BODY = '{"service_tier":" Fast ","model":"m"}';
  it.each([
    ['pass rewrites an alias', {}, BODY, '{"service_tier":"priority","model":"m"}', ['priority']],
    ['pass keeps an escaped wire word', {}, '{"service_tier":"fl\\u0065x"}', 'same', ['flex']],
    ['pass keeps what it does not know', {}, '{"service_tier":" Turbo "}', 'same', [undefined]],
    ['pass keeps null', {}, '{"service_tier":null}', 'same', [undefined]],
    ['filter removes', { rules: [rule()] }, BODY, '{"model":"m"}', [undefined]],
    [
      'filter sets the standard word where the route says so',
      { rules: [rule()], filter: 'default' as const },
      BODY,
      '{"service_tier":"default","model":"m"}',
      ['default'],
    ],
    [
      'filter removes an invalid tier',
      { rules: [rule({ service_tier: 'invalid' })] },
      '{"service_tier":[1]}',
      '{}',
      [undefined],
    ],
    [
      'force sets',
      { rules: [rule({ action: 'force', force_tier: 'flex' })] },
      BODY,
      '{"service_tier":"flex","model":"m"}',
      ['flex'],
    ],
    [
      'force replaces an invalid tier',
      { rules: [rule({ service_tier: 'invalid', action: 'force', force_tier: 'flex' })] },
      '{"service_tier":{"a":1}}',
      '{"service_tier":"flex"}',
      ['flex'],
    ],
    [
      'force for missing appends',
      { rules: [rule({ service_tier: 'missing', action: 'force', force_tier: 'default' })] },
      '{"model":"m" }',
      '{"model":"m","service_tier":"default" }',
      [],
    ],
    [
      'force for missing replaces null',
      { rules: [rule({ service_tier: 'missing', action: 'force', force_tier: 'default' })], strict: true },
      '{"service_tier": null,"model":"m"}',
      '{"service_tier": "default","model":"m"}',
      ['default'],
    ],
  ])('%s', (_, run, body, text, sent) => {
    const result = runDialect({ dialect, body, ...run });
    expect(result.text).toBe(text === 'same' ? body : text);
    expect(result.sent).toEqual(sent);
    expect(result.unsupported).toBeUndefined();
  });

  it('keeps the words of a route as they are', () => {
    const words = { performance: 'priority', on_demand: 'default', fast: 'ultrafast' } as const;
    const passed = runDialect({ dialect, body: '{"service_tier":" Performance "}', words });
    expect(passed.claims).toEqual(['body:service_tier=priority@-']);
    expect(passed.text).toBe('{"service_tier":"performance"}');
    expect(runDialect({ dialect, body: '{"service_tier":"fast"}', words })).toMatchObject({
      claims: ['body:service_tier=ultrafast@-'],
      text: '{"service_tier":"fast"}',
    });
  });

  it('says what it cannot set where the route gives its word another meaning', () => {
    const words = { flex: 'default' } as const;
    const run = { dialect, words, rules: [rule({ action: 'force', force_tier: 'flex' })] };
    expect(runDialect({ ...run, body: '{"service_tier":"fast"}' }).unsupported).toBe('flex');
    expect(runDialect({ ...run, header: { name: HINT, lines: ['tier=fast'] } }).unsupported).toBe('flex');
    const missing = [rule({ service_tier: 'missing', action: 'force', force_tier: 'flex' })];
    expect(runDialect({ ...run, rules: missing, body: '{}' }).unsupported).toBe('flex');
  });

  it('sends the word of the route for a tier whose own word has another meaning', () => {
    const words = { priority: 'default', rush: 'priority' } as const;
    const rules = [rule({ service_tier: 'flex', action: 'force', force_tier: 'priority' })];
    expect(runDialect({ dialect, words, rules, body: '{"service_tier":"flex"}' }).text).toBe(
      '{"service_tier":"rush"}',
    );
    expect(runDialect({ dialect, words, body: '{"service_tier":"fast"}' }).text).toBe(
      '{"service_tier":"rush"}',
    );
    const wordless = { priority: 'default' } as const;
    expect(runDialect({ dialect, words: wordless, body: '{"service_tier":"fast"}' }).text).toBe(
      '{"service_tier":"fast"}',
    );
  });

  it('changes nothing of its own output', () => {
    const rules = [rule({ action: 'force', force_tier: 'default' })];
    const header = { name: HINT, lines: ['model=m;tier=fast'] };
    const first = runDialect({ dialect, body: BODY, rules, header });
    const second = runDialect({
      dialect,
      body: first.text,
      rules,
      header: { ...header, lines: first.lines },
    });
    expect(second.text).toBe(first.text);
    expect(second.lines).toEqual(first.lines);
  });

  it('shapes a refusal with the four members of OpenAI', () => {
    const shape = { status: 403, type: 'permission_error', code: 'policy_violation', message: 'no "fast"' };
    expect(dialect.refusalBody(shape)).toBe(
      '{"error":{"message":"no \\"fast\\"","type":"permission_error","param":"service_tier","code":"policy_violation"}}',
    );
  });
});

describe('messages of openai-responses', () => {
  const run = { dialect: openAiResponses, members: openAiResponses.messageMembers };

  it('judges the nested response with its own model, and the top level never with that', () => {
    const body =
      '{"type":"response.create","service_tier":"fast","response":{"model":"nested","service_tier":"priority"}}';
    const fallbackModel = { kind: 'known', word: 'captured' } as const;
    const result = runDialect({ ...run, body, fallbackModel, rules: [rule()] });
    expect(result.claims).toEqual([
      'body:service_tier=priority@captured',
      'body:response.service_tier=priority@nested',
    ]);
    expect(result.text).toBe('{"type":"response.create","response":{"model":"nested"}}');
    expect(result.sent).toEqual([undefined, undefined]);
  });

  it('edits each place by its own outcome', () => {
    const body = '{"model":"a","service_tier":"fast","response":{"model":"b","service_tier":"fast"}}';
    const rules = [rule({ model_whitelist: ['b'], fallback_action: 'pass' })];
    const result = runDialect({ ...run, body, rules });
    expect(result.text).toBe('{"model":"a","service_tier":"priority","response":{"model":"b"}}');
    expect(result.sent).toEqual(['priority', undefined]);
  });
});

import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { anthropicVertex } from '../../src/dialects/anthropic-vertex.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { type DialectRun, rule, runDialect } from './run-dialect.ts';

const BEDROCK = 'x-amzn-bedrock-service-tier';
const VERTEX = 'x-vertex-ai-llm-shared-request-type';
const DIALECTS = [anthropicMessages, anthropicVertex, openAiChat, openAiResponses];

function run(name: string, lines: readonly string[], fields: Partial<DialectRun> = {}) {
  return runDialect({ dialect: openAiChat, body: '{"model":"m"}', header: { name, lines }, ...fields });
}

describe('the tier header of a cloud', () => {
  it.each(DIALECTS)('is a claim in $name, and filter removes it', (dialect) => {
    const path = '/publishers/anthropic/models/m:rawPredict';
    for (const name of [BEDROCK, VERTEX]) {
      const result = run(name, ['Priority '], { dialect, path, rules: [rule()] });
      expect(result).toMatchObject({
        claims: [`header:${name}=priority@m`],
        words: ['Priority '],
        action: 'filter',
        text: '{"model":"m"}',
        lines: [],
        sent: [undefined],
      });
    }
  });

  it.each([
    [BEDROCK, 'reserved', 'scale'],
    [BEDROCK, 'default', 'default'],
    [BEDROCK, 'flex', 'flex'],
    [BEDROCK, 'turbo', 'unknown'],
    [VERTEX, 'flex', 'flex'],
    [VERTEX, 'dedicated', 'unknown'],
  ])('%s: %s asks %s', (name, word, tier) => {
    expect(run(name, [word]).claims).toEqual([`header:${name}=${tier}@m`]);
  });

  it('asks without a body too, and nothing where it is empty', () => {
    expect(run(BEDROCK, ['priority'], { body: undefined }).claims).toEqual([`header:${BEDROCK}=priority@-`]);
    expect(run(BEDROCK, ['', ' , ']).claims).toEqual([]);
  });

  it('knows the words of the route', () => {
    expect(run(VERTEX, ['rush'], { words: { rush: 'priority' } }).claims).toEqual([
      `header:${VERTEX}=priority@m`,
    ]);
  });

  it('stands behind the claims of the body, and each is edited by its own outcome', () => {
    const body = '{"service_tier":"flex","model":"m"}';
    const rules = [
      rule({ service_tier: 'flex', action: 'force', force_tier: 'default' }),
      rule({ service_tier: 'priority' }),
    ];
    expect(run(BEDROCK, ['priority'], { body, rules })).toMatchObject({
      claims: ['body:service_tier=flex@m', `header:${BEDROCK}=priority@m`],
      action: 'filter',
      text: '{"service_tier":"default","model":"m"}',
      lines: [],
      sent: ['default', undefined],
    });
  });

  it('is set to the standard word by filter where the route says so and there is one', () => {
    const fields = { rules: [rule()], filter: 'default' as const };
    expect(run(BEDROCK, ['priority'], fields)).toMatchObject({ lines: ['default'], sent: ['default'] });
    expect(run(VERTEX, ['priority'], fields)).toMatchObject({ lines: [], sent: [undefined] });
  });

  it.each([
    [BEDROCK, 'flex', ['flex'], 'flex', undefined],
    [BEDROCK, 'default', ['default'], 'default', undefined],
    [VERTEX, 'flex', ['flex'], 'flex', undefined],
    [VERTEX, 'default', [], undefined, undefined],
    [VERTEX, 'ultrafast', [], undefined, 'ultrafast'],
  ])('%s is forced to %s', (name, force_tier, lines, sent, unsupported) => {
    const rules = [rule({ action: 'force', force_tier })];
    expect(run(name, ['priority'], { rules })).toMatchObject({ lines, sent: [sent], unsupported });
  });

  it('that passes is spelled as the cloud knows it, and else keeps every byte', () => {
    expect(run(BEDROCK, [' PRIORITY'])).toMatchObject({ lines: ['priority'], sent: ['priority'] });
    expect(run(BEDROCK, ['priority'])).toMatchObject({ lines: ['priority'], sent: ['priority'] });
    expect(run(BEDROCK, [' Turbo'])).toMatchObject({ lines: [' Turbo'], sent: [undefined] });
    const several = run(BEDROCK, ['Flex, default', 'turbo']);
    expect(several).toMatchObject({
      lines: ['Flex, default', 'turbo'],
      sent: ['flex', 'default', undefined],
    });
  });

  it('with several words goes as a whole where one of them is filtered', () => {
    for (const lines of [['flex, Priority'], ['flex', 'priority']]) {
      const result = run(BEDROCK, lines, { rules: [rule()] });
      expect(result).toMatchObject({ lines: [], sent: [undefined, undefined] });
    }
  });

  it('keeps a rule for missing from being tried', () => {
    const rules = [rule({ service_tier: 'missing', action: 'force', force_tier: 'flex' })];
    expect(run(BEDROCK, ['default'], { rules })).toMatchObject({ text: '{"model":"m"}', lines: ['default'] });
  });

  it('leaves the carriers of the dialect to the dialect', () => {
    const body = '{"model":"m","service_tier":"ultrafast"}';
    const rules = [rule({ service_tier: 'ultrafast', action: 'force', force_tier: 'priority' })];
    const forced = run(VERTEX, ['flex'], { dialect: anthropicMessages, body: '{"speed":"fast"}', rules });
    expect(forced).toMatchObject({ lines: ['flex'], sent: ['priority', 'flex'] });
    expect(run(VERTEX, ['flex'], { body, rules })).toMatchObject({
      text: '{"model":"m","service_tier":"priority"}',
      sent: ['priority', 'flex'],
      unsupported: undefined,
    });
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { anthropicVertex } from '../../src/dialects/anthropic-vertex.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { openAiRealtime } from '../../src/dialects/openai-realtime.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { DialectTable, dialectRows, dialectTable } from '../../src/dialects/table.ts';
import {
  ANTHROPIC_SPEED_WORDS,
  ANTHROPIC_TIER_WORDS,
  BEDROCK_HEADER_WORDS,
  OPENAI_TIER_WORDS,
  VERTEX_HEADER_WORDS,
  type WordTable,
} from '../../src/dialects/words.ts';
import { compilePlan } from '../../src/json/plan.ts';
import { acmeChat } from './acme-chat.ts';
import { rule, runDialect } from './run-dialect.ts';

const ANTHROPIC = '`anthropic-messages`, `anthropic-vertex`';
const docs = readFileSync(new URL('../../docs/dialects.md', import.meta.url), 'utf8');

describe('the table of dialects', () => {
  it.each([
    ['/responses', openAiResponses],
    ['/v1/responses', openAiResponses],
    ['/backend-api/codex/responses/compact', openAiResponses],
    ['/v1/realtime', openAiRealtime],
    ['/v1/chat/completions', openAiChat],
    ['/openai/deployments/x/chat/completions', openAiChat],
    ['/v1/messages', anthropicMessages],
    ['/v1/publishers/anthropic/models/claude@1:rawpredict', anthropicVertex],
    ['/x/publishers/anthropic/models/a/b:streamrawpredict', anthropicVertex],
  ])('judges %s', (path, dialect) => {
    expect(dialectTable.byPath(path)).toEqual({ kind: 'dialect', dialect });
    expect(dialectTable.byName(dialect.name)).toBe(dialect);
  });

  it.each([
    ['/v1/live/sessions', 'openai-live'],
    ['/model/anthropic.claude-v2:1/invoke', 'bedrock'],
    ['/model/m/invoke-with-response-stream', 'bedrock'],
    ['/x/model/arn:aws:bedrock:eu:1:inference-profile/p/converse', 'bedrock'],
    ['/model/m/converse-stream', 'bedrock'],
    ['/v1beta/models/gemini-3:generatecontent', 'gemini'],
    ['/v1/publishers/google/models/g:streamgeneratecontent', 'gemini'],
  ])('knows %s and cannot judge it yet', (path, name) => {
    expect(dialectTable.byPath(path)).toEqual({ kind: 'unsupported', name });
    expect(dialectTable.byName(name)).toBeUndefined();
  });

  it.each([
    '/',
    '',
    '/v1/responses/resp_1',
    '/v1/responses/resp_1/cancel',
    '/v1/myresponses',
    '/v1/completions',
    '/v1/messages/count_tokens',
    '/model/invoke',
    '/model//invoke',
    '/model/m/other',
    '/models/m/invoke',
    '/v1/models/g:counttokens',
    '/generatecontent',
    '/publishers/mistralai/models/m:rawpredict',
    '/publishers/anthropic/models/:rawpredict',
    '/publishers/anthropic/models/m:counttokens',
    '/publishers/anthropic/models/m',
  ])('knows nothing of %s', (path) => {
    expect(dialectTable.byPath(path)).toBeUndefined();
  });

  it('has distinct names and members that can be read', () => {
    expect(new Set(dialectRows.map(({ name }) => name)).size).toBe(dialectRows.length);
    for (const { dialect } of dialectRows) {
      if (dialect === undefined) continue;
      expect(() => [compilePlan(dialect.members), compilePlan(dialect.messageMembers)]).not.toThrow();
    }
  });

  it('is the table of built-in paths in the docs', () => {
    const rows = dialectRows.map(
      ({ name, dialect, paths }) =>
        `| ${paths.map((path) => `\`${path}\``).join(', ')} | \`${name}\` | ${dialect ? 'judged' : 'refused: `unsupported_route`'} |`,
    );
    expect(tableAfter('## Built-in paths')).toEqual(rows);
  });

  it('has the words of the table in the docs', () => {
    const carriers: readonly (readonly [string, string, WordTable])[] = [
      ['`openai-responses`, `openai-chat`', '`service_tier`, `x-codex-routing-hint`', OPENAI_TIER_WORDS],
      [ANTHROPIC, '`speed`, `fallbacks[].speed`', ANTHROPIC_SPEED_WORDS],
      [ANTHROPIC, '`service_tier`', ANTHROPIC_TIER_WORDS],
      ['all', '`x-amzn-bedrock-service-tier`', BEDROCK_HEADER_WORDS],
      ['all', '`x-vertex-ai-llm-shared-request-type`', VERTEX_HEADER_WORDS],
    ];
    const rows = carriers.flatMap(([dialects, places, { tiers, wire }]) =>
      Object.entries(tiers).map(
        ([word, tier]) => `| ${dialects} | ${places} | \`${word}\` | \`${tier}\` | \`${wire[tier]}\` |`,
      ),
    );
    expect(tableAfter('## Words')).toEqual(rows);
  });

  it('is the table of served tiers in the docs', () => {
    const quoted = (paths: readonly string[]) => paths.map((path) => `\`${path}\``).join(', ');
    const rows = dialectRows.flatMap(({ dialect }) => {
      const { name, served } = dialect ?? {};
      if (served === undefined) return [];
      const events = Object.entries(served.events).map(
        ([type, paths]) =>
          `| \`${name}\` | ${type === '*' ? 'any event' : `event \`${type}\``} | ${quoted(paths)} |`,
      );
      return [`| \`${name}\` | JSON | ${quoted(served.body)} |`, ...events];
    });
    expect(tableAfter('## The tier really served')).toEqual(rows);
  });
});

describe('the example of the guide', () => {
  it('stands in the docs as it is tested here', () => {
    const source = readFileSync(new URL('./acme-chat.ts', import.meta.url), 'utf8');
    const asInFolder = source.replaceAll('../../src/dialects/', './');
    expect(docs).toContain(`\`\`\`ts\n${asInFolder}\`\`\``);
  });

  it('is one line in the table', () => {
    const line = { name: acmeChat.name, dialect: acmeChat, paths: ['/acme/chat'] };
    expect(docs).toContain("judged(acmeChat, '/acme/chat'),");
    const table = new DialectTable([...dialectRows, line]);
    expect(table.byPath('/v2/acme/chat')).toEqual({ kind: 'dialect', dialect: acmeChat });
    expect(table.byName('acme-chat')).toBe(acmeChat);
  });

  it.each([
    ['{"engine":"e","pace":"Slow"}', [], 'remove', '{"engine":"e","pace":"economy"}', ['flex']],
    ['{"engine":"e","pace":"rush"}', [rule()], 'remove', '{"engine":"e"}', [undefined]],
    ['{"engine":"e","pace":"rush"}', [rule()], 'default', '{"engine":"e","pace":"normal"}', ['default']],
    [
      '{"engine":"e"}',
      [rule({ service_tier: 'missing', action: 'force', force_tier: 'flex' })],
      'remove',
      '{"engine":"e","pace":"economy"}',
      [],
    ],
    ['{"engine":"e"}', [rule()], 'remove', '{"engine":"e"}', []],
  ] as const)('works on %s', (body, rules, filter, text, sent) => {
    const result = runDialect({ dialect: acmeChat, body, rules, filter });
    expect(result.text).toBe(text);
    expect(result.sent).toEqual(sent);
    expect(result.model).toEqual({ kind: 'known', word: 'e' });
  });

  it('says what it cannot set, and refuses in its own shape', () => {
    const rules = [rule({ action: 'force', force_tier: 'ultrafast' })];
    expect(runDialect({ dialect: acmeChat, body: '{"pace":"rush"}', rules }).unsupported).toBe('ultrafast');
    const shape = { status: 403, type: 'permission_error', code: 'policy_violation', message: 'no' };
    expect(acmeChat.refusalBody(shape)).toBe('{"fault":{"code":"policy_violation","text":"no"}}');
  });
});

/** The rows of the first table behind a heading. */
function tableAfter(heading: string): readonly string[] {
  const [, behind = ''] = docs.split(`${heading}\n`);
  const lines = behind.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|---'));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 1, end);
}

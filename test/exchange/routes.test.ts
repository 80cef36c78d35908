import { describe, expect, test } from 'vitest';
import { dialectTable } from '../../src/dialects/table.ts';
import { type RouteChoice, RouteTable } from '../../src/exchange/routes.ts';
import type { RouteMatch, RouteSettings } from '../../src/exchange/settings.ts';
import { ANY_REQUEST, routeOf, settingsOf } from './support/environment.ts';

function route(name: string, match: Partial<RouteMatch>, dialect?: string): RouteSettings {
  return routeOf({ name, match: { ...ANY_REQUEST, ...match }, dialect });
}

function choose(
  routes: readonly RouteSettings[],
  path: string,
  given: { authority?: string; envoyRoute?: string; unknownPaths?: 'pass' | 'block' } = {},
): string {
  const { authority = 'api.example.com', envoyRoute, unknownPaths = 'pass' } = given;
  const table = new RouteTable(settingsOf({ routes, unknownPaths }), dialectTable);
  return describeChoice(table.choose({ path, authority, envoyRoute }));
}

function describeChoice(choice: RouteChoice): string {
  switch (choice.kind) {
    case 'governed':
      return `${choice.route.name}: ${choice.dialect.name}`;
    case 'unsupported':
      return `${choice.route.name}: no ${choice.dialectName}`;
    case 'unknown':
      return `${choice.route.name}: unknown`;
    default:
      return choice.kind;
  }
}

describe('the built-in table', () => {
  test.each([
    ['/v1/responses', 'default: openai-responses'],
    ['/any/prefix/Responses/compact/?x', 'default: openai-responses'],
    ['/v1/chat/completions', 'default: openai-chat'],
    ['/v1/messages', 'default: anthropic-messages'],
    ['/v1/live/sessions', 'default: no openai-live'],
    ['/model/a%2Fb/invoke-with-response-stream', 'default: no bedrock'],
    ['/v1beta/models/g:generateContent', 'default: no gemini'],
    ['/v1/responses/resp_1', 'open'],
    ['/v1/notresponses', 'open'],
    ['/v1/embeddings', 'open'],
    ['/', 'open'],
    ['', 'open'],
  ])('%s is %s', (path, choice) => {
    expect(choose([], path)).toBe(choice);
  });

  test('unknown paths can be blocked instead', () => {
    expect(choose([], '/v1/embeddings', { unknownPaths: 'block' })).toBe('default: unknown');
    expect(choose([], '/v1/messages', { unknownPaths: 'block' })).toBe('default: anthropic-messages');
  });
});

describe('configured routes', () => {
  test('decide in order, before the built-in table', () => {
    const routes = [
      route('free', { prefix: '/internal/' }, 'none'),
      route('chat', { suffix: 'llm' }, 'openai-chat'),
      route('codex', { prefix: '/Backend', suffix: '/responses' }),
      route('odd', { suffix: '/odd' }, 'no-such-dialect'),
    ];
    expect(choose(routes, '/internal/v1/responses')).toBe('open');
    expect(choose(routes, '/internal', { unknownPaths: 'block' })).toBe('open');
    expect(choose(routes, '/internally/v1/responses')).toBe('default: openai-responses');
    expect(choose(routes, '/x/LLM')).toBe('chat: openai-chat');
    expect(choose(routes, '/x/allm')).toBe('open');
    expect(choose(routes, '/backend/codex/responses')).toBe('codex: openai-responses');
    expect(choose(routes, '/odd')).toBe('odd: no no-such-dialect');
  });

  test('without a dialect take that of the built-in table, or stay unknown', () => {
    const routes = [route('all', { prefix: '/' })];
    expect(choose(routes, '/v1/messages')).toBe('all: anthropic-messages');
    expect(choose(routes, '/v1/live/sessions')).toBe('all: no openai-live');
    expect(choose(routes, '/v1/embeddings')).toBe('open');
    expect(choose(routes, '/v1/embeddings', { unknownPaths: 'block' })).toBe('all: unknown');
  });

  test('are narrowed by authority and by the name of the Envoy route', () => {
    const host = [route('host', { authority: 'API.example.com' }, 'openai-chat')];
    expect(choose(host, '/x', { authority: 'api.Example.com:8443' })).toBe('host: openai-chat');
    expect(choose(host, '/x', { authority: 'api.example.com.' })).toBe('host: openai-chat');
    expect(choose(host, '/x', { authority: 'other.example.com' })).toBe('open');
    const wild = [route('wild', { authority: '*.example.com' }, 'openai-chat')];
    expect(choose(wild, '/x', { authority: 'a.b.example.com' })).toBe('wild: openai-chat');
    expect(choose(wild, '/x', { authority: 'example.com' })).toBe('open');
    expect(choose(wild, '/x', { authority: '.example.com' })).toBe('open');
    const named = [route('named', { envoyRoute: 'llm' }, 'openai-chat')];
    expect(choose(named, '/x', { envoyRoute: 'llm' })).toBe('named: openai-chat');
    expect(choose(named, '/x')).toBe('open');
  });
});

describe('a path with several readings', () => {
  test.each([
    '/v1/%2572esponses',
    '/v1/responses%3Fx',
    '/v1/responses%0a',
    '/v1/%2572ealtime',
    '/v1/%zz',
    '/internal/%252e%252e/v1/responses',
  ])('%s is not normal', (path) => {
    expect(choose([route('free', { prefix: '/internal' }, 'none')], path)).toBe('not_normal');
  });

  test('passes where no reading is governed, and is judged where all readings agree', () => {
    expect(choose([], '/files/a%2520b')).toBe('open');
    expect(choose([], '/a%2520b/responses')).toBe('default: openai-responses');
    expect(choose([], '/a%2520b/live/sessions')).toBe('default: no openai-live');
  });

  test('is not normal where the readings have different routes', () => {
    const routes = [route('a', { prefix: '/team' })];
    expect(choose(routes, '/%2574eam/v1/responses')).toBe('not_normal');
  });
});

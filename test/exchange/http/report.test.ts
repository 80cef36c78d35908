import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { environmentOf, policyOf, routeOf, settingsOf, TestBudget } from '../support/environment.ts';
import { type ClientRequest, playRequest } from '../support/envoy.ts';

const BLOCKED = '{"model":"gpt-5","service_tier":"ultrafast"}';
const FILTERED = '{"model":"gpt-5","service_tier":"priority"}';
const report = { defaults: routeOf({ enforcement: 'report' as const }) };

describe.each(['BUFFERED', 'STREAMED', 'FULL_DUPLEX_STREAMED'] as const)('report in %s', (mode) => {
  const halves = (text: string) => [text.slice(0, 9), text.slice(9)];
  const cases: readonly (readonly [string, ClientRequest, Record<string, unknown>])[] = [
    ['a block', { chunks: halves(BLOCKED) }, { action: 'block', code: 'policy_violation' }],
    ['a filter', { chunks: halves(FILTERED) }, { action: 'filter', tier_asked: 'priority' }],
    ['malformed JSON', { chunks: halves('{"model":}') }, { action: 'refuse', code: 'malformed_json' }],
    ['an upgrade', { headers: [['upgrade', 'x']] }, { code: 'upgrade_refused' }],
    [
      'a route without a dialect',
      { path: '/v1/live/sessions', chunks: [BLOCKED] },
      { code: 'unsupported_route' },
    ],
    ['a path that is not normal', { path: '/%zz', chunks: [BLOCKED] }, { code: 'path_not_normal' }],
    ['an empty body', { chunks: [''] }, { action: 'pass' }],
    ['headers alone', {}, { action: 'pass' }],
    ['trailers alone', { trailers: true }, { action: 'pass' }],
  ];

  test.each(cases)('%s goes on as it came and is recorded', (_, request, decision) => {
    const environment = environmentOf(report);
    const outcome = playRequest(environment, mode, request);
    const sent = (request.chunks ?? []).join('');
    expect(outcome.upstream?.body.toString()).toBe(sent);
    expect(outcome.decisions).toMatchObject([
      { ...decision, enforced: false, enforcement: 'report', bytes: expect.any(Number) },
    ]);
    expect(outcome.metadata).toMatchObject({ enforced: false });
    expect(environment.held.held).toBe(0);
  });

  test('an encoded body stays encoded', () => {
    const encoded = gzipSync(FILTERED);
    const outcome = playRequest(environmentOf(report), mode, {
      chunks: [encoded.subarray(0, 12), encoded.subarray(12)],
      headers: [['content-encoding', 'gzip']],
    });
    expect(outcome.upstream?.body).toEqual(encoded);
    expect(outcome.upstream?.headers).toContainEqual({ name: 'content-encoding', value: 'gzip' });
    expect(outcome.decisions).toMatchObject([{ action: 'filter', enforced: false }]);
  });

  test.each([
    ['body_too_large', { limits: { ...settingsOf().limits, body: 20 } }, new TestBudget()],
    ['overloaded', {}, new TestBudget(20)],
  ])('%s is recorded once and the rest of the body passes', (code, settings, held) => {
    const environment = environmentOf({ ...report, ...settings }, { held });
    const outcome = playRequest(environment, mode, {
      chunks: ['x'.repeat(15), 'y'.repeat(15), 'z'.repeat(70_000), ''],
      contentLength: false,
    });
    expect(outcome.upstream?.body).toHaveLength(70_030);
    expect(outcome.decisions).toMatchObject([{ action: 'refuse', code, enforced: false }]);
    expect(held.held).toBe(0);
  });

  test('a policy that stands in for an unreadable one reports only', () => {
    const environment = environmentOf({}, { policy: policyOf(undefined, 'report') });
    const outcome = playRequest(environment, mode, { chunks: [BLOCKED] });
    expect(outcome.upstream?.body.toString()).toBe(BLOCKED);
    expect(outcome.decisions).toMatchObject([{ action: 'block', enforced: false, enforcement: 'report' }]);
  });
});

test('STREAMED records what enforcing would do about late trailers and about header tiers', () => {
  const late = playRequest(environmentOf(report), 'STREAMED', { chunks: [FILTERED], trailers: true });
  expect(late.upstream?.body.toString()).toBe(FILTERED);
  expect(late.decisions).toMatchObject([{ code: 'trailers_refused', enforced: false }]);
  const hint = playRequest(environmentOf(report), 'STREAMED', {
    chunks: ['{"model":"gpt-5"}'],
    headers: [['x-codex-routing-hint', 'model=gpt-5;tier=ultrafast']],
  });
  expect(hint.decisions).toMatchObject([{ action: 'block', enforced: false }]);
  expect(hint.upstream?.headers).toContainEqual({
    name: 'x-codex-routing-hint',
    value: 'model=gpt-5;tier=ultrafast',
  });
});

import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { environmentOf, policyOf } from '../support/environment.ts';
import { playRequest } from '../support/envoy.ts';

const HINT = 'x-codex-routing-hint';
const hinted = (tier: string, chunks?: readonly string[]) => ({
  headers: [[HINT, `model=gpt-allowed-1;tier=${tier}`]] as const,
  ...(chunks === undefined ? {} : { chunks, method: 'POST' }),
});

function hintOf(outcome: ReturnType<typeof playRequest>): readonly string[] {
  return (outcome.upstream?.headers ?? []).filter((line) => line.name === HINT).map((line) => line.value);
}

const BODY = ['{"model":"gpt-allowed-1",', '"input":1}'];

describe.each(['BUFFERED', 'FULL_DUPLEX_STREAMED'] as const)('a tier in a header, %s', (mode) => {
  test('is judged with the model of the body, and edited with the verdict', () => {
    expect(hintOf(playRequest(environmentOf(), mode, hinted('priority', BODY)))).toEqual([
      'model=gpt-allowed-1;tier=priority',
    ]);
    const other = playRequest(environmentOf(), mode, hinted('priority', ['{"model":"gpt-5","input":1}']));
    expect(hintOf(other)).toEqual(['model=gpt-allowed-1']);
    expect(other.decisions).toMatchObject([{ action: 'filter', claims: [{ carrier: `header:${HINT}` }] }]);
  });
});

describe('a tier in a header, STREAMED', () => {
  test('is judged before the body, strictly, as its model is not known', () => {
    const outcome = playRequest(environmentOf(), 'STREAMED', hinted('priority', BODY));
    // The rule passes priority for this model, but the header went on before the model was known.
    expect(hintOf(outcome)).toEqual(['model=gpt-allowed-1']);
    expect(outcome.upstream?.body.toString()).toBe(BODY.join(''));
    expect(outcome.decisions).toMatchObject([
      {
        action: 'filter',
        rule: 'some-priority',
        model_asked: 'gpt-allowed-1',
        tier_asked: 'priority',
        tier_sent: undefined,
        claims: [{ carrier: `header:${HINT}`, action: 'filter' }],
      },
    ]);
  });

  test('is refused at the header message where it is blocked', () => {
    const outcome = playRequest(environmentOf(), 'STREAMED', hinted('ultrafast', BODY));
    expect(outcome.replies).toEqual([]);
    expect(outcome.immediate).toMatchObject({ status: 403, details: 'tiergate_policy_violation' });
    expect(outcome.decisions).toMatchObject([{ action: 'block', bytes: 0, rule: 'no-ultrafast' }]);
  });

  test('and a stricter outcome of the body stands', () => {
    const body = ['{"model":"gpt-5","service_tier":"ultrafast"}'];
    const outcome = playRequest(environmentOf(), 'STREAMED', hinted('priority', body));
    expect(outcome.immediate?.details).toBe('tiergate_policy_violation');
    expect(outcome.decisions).toMatchObject([{ action: 'block', tier_asked: 'ultrafast' }]);
    expect(outcome.decisions[0]?.claims).toHaveLength(2);
  });

  test('does not make a body without a tier one that misses it', () => {
    const rules = [
      { service_tier: 'priority', action: 'pass', scope: 'all' },
      { service_tier: 'missing', action: 'block', scope: 'all' },
    ];
    const environment = environmentOf({}, { policy: policyOf(rules) });
    expect(playRequest(environment, 'STREAMED', hinted('priority', BODY)).upstream).toBeDefined();
    const without = playRequest(environment, 'STREAMED', { chunks: BODY });
    expect(without.immediate?.details).toBe('tiergate_policy_violation');
    expect(without.replies.map((reply) => reply.kind)).toEqual(['headers', 'body']);
  });

  test('the header reply says that the body comes decoded and with any length', () => {
    const outcome = playRequest(environmentOf(), 'STREAMED', {
      chunks: [gzipSync('{"model":"gpt-5"}')],
      headers: [['content-encoding', 'gzip']],
    });
    expect(outcome.replies[0]).toMatchObject({
      kind: 'headers',
      edits: { remove: ['content-encoding', 'content-length'], set: [], append: [] },
    });
    expect(outcome.upstream?.body.toString()).toBe('{"model":"gpt-5"}');
  });
});

test.each(['BUFFERED', 'STREAMED', 'FULL_DUPLEX_STREAMED'] as const)(
  'headers alone are judged and edited at once in %s',
  (mode) => {
    const outcome = playRequest(environmentOf(), mode, hinted('flex'));
    expect(hintOf(outcome)).toEqual(['model=gpt-allowed-1;tier=default']);
    expect(outcome.decisions).toMatchObject([{ action: 'force', rule: 'slow-flex' }]);
    expect(outcome.replies).toHaveLength(1);
    expect(outcome.metadata).toMatchObject({ action: 'force' });
    expect(playRequest(environmentOf(), mode, hinted('ultrafast')).immediate?.status).toBe(403);
  },
);

describe.each(['BUFFERED', 'STREAMED', 'FULL_DUPLEX_STREAMED'] as const)('clouds, %s', (mode) => {
  test.each(['/v1/chat/completions', '/v1/messages', '/v1/responses'])(
    'the tier header is filtered on %s',
    (path) => {
      const outcome = playRequest(environmentOf(), mode, {
        path,
        headers: [['x-amzn-bedrock-service-tier', 'priority']],
        chunks: ['{"model":"m"}'],
      });
      expect(outcome.upstream?.headers.map(({ name }) => name)).not.toContain('x-amzn-bedrock-service-tier');
      expect(outcome.upstream?.body.toString()).toBe('{"model":"m"}');
      expect(outcome.decisions).toMatchObject([{ action: 'filter', tier_asked: 'priority' }]);
    },
  );

  test.each([
    ['rawPredict', 'gpt-allowed-1', '{"model":"m","speed":"fast"}'],
    ['streamRawPredict', 'claude', '{"model":"m"}'],
  ])('%s of an Anthropic model on Vertex AI is judged by the model of the path', (method, model, body) => {
    const outcome = playRequest(environmentOf(), mode, {
      path: `/v1/projects/p/locations/l/publishers/anthropic/models/${model}:${method}`,
      chunks: ['{"model":"m","speed":"fast"}'],
    });
    expect(outcome.upstream?.body.toString()).toBe(body);
    expect(outcome.decisions).toMatchObject([
      { dialect: 'anthropic-vertex', model_asked: model, tier_asked: 'priority' },
    ]);
  });
});

test.each([
  ['BUFFERED', ['fast-mode-2026-02-01']],
  ['FULL_DUPLEX_STREAMED', ['fast-mode-2026-02-01']],
  // The header reply is gone.
  ['STREAMED', []],
] as const)('a speed forced to fast gets the token that it needs in %s', (mode, tokens) => {
  const policy = policyOf([
    { service_tier: 'missing', action: 'force', force_tier: 'priority', scope: 'all', name: 'all-fast' },
  ]);
  const request = { path: '/v1/messages', chunks: ['{"model":"claude"}'] };
  const outcome = playRequest(environmentOf({}, { policy }), mode, request);
  expect(outcome.upstream?.body.toString()).toBe('{"model":"claude","speed":"fast"}');
  const lines = outcome.upstream?.headers.filter(({ name }) => name === 'anthropic-beta') ?? [];
  expect(lines.map(({ value }) => value)).toEqual(tokens);
});

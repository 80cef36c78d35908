import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { STRICT } from '../../../src/policy/strictness.ts';
import { environmentOf, policyOf, routeOf, settingsOf, TestBudget } from '../support/environment.ts';
import { type ClientRequest, playRequest } from '../support/envoy.ts';

const MODES = ['BUFFERED', 'STREAMED', 'FULL_DUPLEX_STREAMED'] as const;
const BODY = '{"model":"gpt-5","service_tier":"priority"}';
const SMALL = { ...settingsOf().limits, body: 100, decodedBody: 100 };

interface Case {
  readonly code: string;
  readonly status: number;
  readonly request: ClientRequest;
  readonly environment?: () => ReturnType<typeof environmentOf>;
  /** Whether it is refused before the body is asked for. */
  readonly atHeaders?: boolean;
}

const CASES: readonly Case[] = [
  { code: 'path_not_normal', status: 400, request: { path: '/v1/%00', chunks: [BODY] }, atHeaders: true },
  { code: 'path_not_normal', status: 400, request: { path: '/v1/%2572esponses' }, atHeaders: true },
  {
    code: 'unsupported_route',
    status: 403,
    request: { path: '/v1/live/sessions', chunks: [BODY] },
    atHeaders: true,
  },
  {
    code: 'unknown_route',
    status: 403,
    request: { path: '/v1/models' },
    environment: () => environmentOf({ unknownPaths: 'block' }),
    atHeaders: true,
  },
  { code: 'upgrade_refused', status: 426, request: { headers: [['upgrade', 'websocket']] }, atHeaders: true },
  {
    code: 'upgrade_refused',
    status: 426,
    request: { headers: [[':protocol', 'websocket']] },
    atHeaders: true,
  },
  { code: 'upgrade_refused', status: 426, request: { method: 'CONNECT' }, atHeaders: true },
  {
    code: 'policy_unavailable',
    status: 503,
    request: { chunks: [BODY] },
    environment: () => environmentOf({}, { policy: undefined }),
    atHeaders: true,
  },
  {
    code: 'unsupported_encoding',
    status: 415,
    request: { chunks: [BODY], headers: [['content-encoding', 'compress']] },
    atHeaders: true,
  },
  {
    code: 'unsupported_charset',
    status: 415,
    request: { chunks: [BODY], headers: [['content-type', 'application/json; charset=utf-7']] },
    atHeaders: true,
  },
  {
    code: 'corrupt_encoding',
    status: 400,
    request: { chunks: [BODY], headers: [['content-encoding', 'gzip']] },
  },
  {
    code: 'body_too_large',
    status: 413,
    request: { chunks: ['x'.repeat(101)] },
    environment: () => environmentOf({ limits: SMALL }),
    atHeaders: true,
  },
  {
    code: 'body_too_large',
    status: 413,
    request: { chunks: ['x'.repeat(100), 'x'], contentLength: false },
    environment: () => environmentOf({ limits: SMALL }),
  },
  {
    code: 'body_too_large',
    status: 413,
    request: { chunks: [gzipSync('x'.repeat(101))], headers: [['content-encoding', 'gzip']] },
    environment: () => environmentOf({ limits: SMALL }),
  },
  {
    code: 'overloaded',
    status: 503,
    request: { chunks: [BODY] },
    environment: () => environmentOf({}, { held: new TestBudget(BODY.length - 1) }),
    atHeaders: true,
  },
  {
    code: 'overloaded',
    status: 503,
    request: { chunks: [BODY], contentLength: false },
    environment: () => environmentOf({}, { held: new TestBudget(BODY.length - 1) }),
  },
  { code: 'malformed_json', status: 400, request: { chunks: ['[]'] } },
  { code: 'ambiguous_member', status: 400, request: { chunks: ['{"model":"a","Model":"b"}'] } },
  {
    code: 'unknown_tier',
    status: 400,
    request: { chunks: ['{"service_tier":"turbo"}'] },
    environment: () => environmentOf({ defaults: routeOf({ strictness: STRICT, strictnessName: 'strict' }) }),
  },
];

describe.each(MODES)('%s', (mode) => {
  test.each(CASES)('$code', ({ code, status, request, environment = environmentOf, atHeaders = false }) => {
    const made = environment();
    const outcome = playRequest(made, mode, request);
    expect(outcome.immediate).toMatchObject({ status, details: `tiergate_${code}` });
    expect(outcome.upstream).toBeUndefined();
    expect(outcome.released).toBe(0);
    expect(outcome.decisions).toMatchObject([
      { action: 'refuse', code, enforced: true, enforcement: 'enforce' },
    ]);
    expect(made.held.held).toBe(0);
    if (atHeaders) expect(outcome.replies).toEqual([]);
  });

  test.each([
    ['gzip', gzipSync(BODY)],
    ['deflate', deflateSync(BODY)],
    ['br', brotliCompressSync(BODY)],
    ['zstd', zstdCompressSync(BODY)],
  ])('the header alone says how a body is encoded: %s bytes without it are no JSON', (coding, bytes) => {
    for (const headers of [[], [['content-encoding', 'identity']], [['accept-encoding', coding]]] as const) {
      const outcome = playRequest(environmentOf(), mode, { chunks: [bytes], headers });
      expect(outcome.immediate).toMatchObject({ status: 400, details: 'tiergate_malformed_json' });
      expect(outcome.upstream).toBeUndefined();
    }
    const encoded = { chunks: [bytes], headers: [['content-encoding', coding]] } as const;
    expect(playRequest(environmentOf(), mode, encoded).decisions).toMatchObject([{ action: 'filter' }]);
  });

  test('a path that is not governed needs no policy, no room and no encoding that we know', () => {
    const environment = environmentOf({ limits: SMALL }, { policy: undefined, held: new TestBudget(0) });
    const outcome = playRequest(environment, mode, {
      path: '/v1/embeddings',
      chunks: ['x'.repeat(70_000), 'y'.repeat(200_000), ''],
      headers: [
        ['content-encoding', 'unheard-of'],
        ['upgrade', 'x'],
        ['trailer', 'x'],
      ],
      trailers: true,
    });
    expect(outcome.upstream?.body.toString()).toBe('x'.repeat(70_000) + 'y'.repeat(200_000));
    expect(outcome.decisions).toEqual([]);
    expect(outcome.metadata).toBeUndefined();
  });
});

test('STREAMED refuses announced trailers before the body, and others when they come', () => {
  const announced = playRequest(environmentOf(), 'STREAMED', { chunks: [BODY], headers: [['trailer', 'x']] });
  expect(announced.immediate).toMatchObject({ status: 400, details: 'tiergate_trailers_refused' });
  expect(announced.replies).toEqual([]);
  const late = playRequest(environmentOf(), 'STREAMED', { chunks: [BODY], trailers: true });
  expect(late.immediate).toMatchObject({ status: 400, details: 'tiergate_trailers_refused' });
  expect(late.decisions).toMatchObject([{ bytes: BODY.length }]);
});

test('BUFFERED refuses trailers without a body where header edits have no reply left', () => {
  const hint = { headers: [['x-codex-routing-hint', 'model=gpt-5;tier=priority']], trailers: true } as const;
  expect(playRequest(environmentOf(), 'BUFFERED', hint).immediate?.details).toBe('tiergate_trailers_refused');
  const duplex = playRequest(environmentOf(), 'FULL_DUPLEX_STREAMED', hint);
  expect(duplex.upstream?.headers).toContainEqual({ name: 'x-codex-routing-hint', value: 'model=gpt-5' });
});

describe('the answer of a refusal', () => {
  const text = '{"model":"m\\"\\n","service_tier":"ultrafast"}';

  function block(rule: Record<string, unknown>, route = {}) {
    const policy = policyOf([{ service_tier: 'ultrafast', action: 'block', scope: 'all', ...rule }]);
    const environment = environmentOf({ defaults: routeOf(route) }, { policy });
    const { immediate } = playRequest(environment, 'BUFFERED', { chunks: [text] });
    return {
      status: immediate?.status,
      headers: Object.fromEntries((immediate?.headers ?? []).map(({ name, value }) => [name, value])),
      body: JSON.parse(immediate?.body.toString() ?? '') as unknown,
      metadata: immediate?.metadata,
    };
  }

  test('has the shape of the dialect, the status of the route and the text of the rule', () => {
    expect(block({ name: 'r', error_message: 'ask {rule}' })).toMatchObject({
      status: 403,
      headers: {
        'content-type': 'application/json',
        'x-should-retry': 'false',
        'x-tiergate-decision': 'block; code=policy_violation; rule=r; tier=ultrafast',
      },
      body: {
        error: {
          message: 'ask r',
          type: 'permission_error',
          param: 'service_tier',
          code: 'policy_violation',
        },
      },
      metadata: {
        action: 'block',
        code: 'policy_violation',
        rule: 'r',
        tier_asked: 'ultrafast',
        enforced: true,
      },
    });
    expect(block({}, { blockStatus: 400 })).toMatchObject({
      status: 400,
      body: { error: { type: 'invalid_request_error' } },
    });
  });

  test.each([{ headers: [['upgrade', 'h2c']] }, { method: 'CONNECT' }] as const)(
    'a 426 names a protocol, as HTTP demands: %j',
    (request) => {
      const { immediate } = playRequest(environmentOf(), 'BUFFERED', request);
      expect(immediate?.status).toBe(426);
      expect(immediate?.headers).toContainEqual({ name: 'upgrade', value: 'websocket' });
      expect(immediate?.headers).toContainEqual({ name: 'connection', value: 'upgrade' });
    },
  );

  test('no other status names one', () => {
    expect(block({}).headers).not.toHaveProperty('upgrade');
    expect(block({}).headers).not.toHaveProperty('connection');
  });

  test('Anthropic paths get the shape of Anthropic', () => {
    const policy = policyOf([{ service_tier: 'priority', action: 'block', scope: 'all' }]);
    const outcome = playRequest(environmentOf({}, { policy }), 'BUFFERED', {
      path: '/v1/messages?beta=true',
      chunks: ['{"model":"claude","speed":"fast"}'],
    });
    expect(JSON.parse(outcome.immediate?.body.toString() ?? '')).toMatchObject({
      type: 'error',
      error: { type: 'permission_error' },
    });
  });

  test('its header is bounded printable ASCII whatever the rule is called', () => {
    const { headers } = block({ name: 'é; x=1 '.repeat(14).trim() });
    const value = headers['x-tiergate-decision'];
    expect(value).toMatch(/^block; code=policy_violation; rule=%C3%A9%3B%20x%3D1%20/);
    expect(value).toMatch(/^[\x20-\x7e]{1,220}$/);
    expect(() => decodeURIComponent(/rule=([^;]*)/.exec(value ?? '')?.[1] ?? '%')).not.toThrow();
  });

  test.each(['policy_unavailable', 'overloaded'])(
    '%s says when to try again instead of forbidding it',
    (code) => {
      const environment =
        code === 'overloaded'
          ? environmentOf({}, { held: new TestBudget(1) })
          : environmentOf({}, { policy: undefined });
      const { immediate } = playRequest(environment, 'BUFFERED', { chunks: [text] });
      expect(immediate?.headers).toContainEqual({ name: 'retry-after', value: '1' });
      expect(immediate?.headers.some((line) => line.name === 'x-should-retry')).toBe(false);
    },
  );
});

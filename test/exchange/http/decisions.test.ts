import { describe, expect, test } from 'vitest';
import { cutText } from '../../../src/dialects/text.ts';
import { createHttpExchangeFactory } from '../../../src/exchange/http/exchange.ts';
import { environmentOf, routeOf } from '../support/environment.ts';
import { headerLines, NO_CONTEXT, openingOf, playRequest } from '../support/envoy.ts';

const SECRET = 'sk-secret-4711';
const PROMPT = 'my private prompt';

describe('the decision', () => {
  test('holds what a replay needs', () => {
    const route = routeOf({ name: 'codex', match: { ...routeOf().match, prefix: '/backend' } });
    const environment = environmentOf({
      routes: [route],
      identity: {
        scope: { sources: [{ kind: 'credential_shape', map: undefined }], default: undefined },
        user: { sources: [{ kind: 'header', name: 'x-user', map: undefined }] },
      },
    });
    const { decisions } = playRequest(environment, 'BUFFERED', {
      path: '/backend/codex/responses?x=1',
      chunks: ['{"model":"gpt-5","service_tier":" Fast "}'],
      headers: [
        ['authorization', `Bearer ${SECRET}`],
        ['x-user', 'ada'],
      ],
    });
    expect(decisions).toEqual([
      {
        time: '2026-01-02T03:04:05.000Z',
        id: 'ab'.repeat(16),
        request_id: 'envoy-1',
        transport: 'http',
        route: 'codex',
        dialect: 'openai-responses',
        session: undefined,
        scope: 'apikey',
        scope_evidence: 'credential_shape',
        user: 'ada',
        claims: [
          expect.objectContaining({ carrier: 'body:service_tier', word: ' Fast ', asked: 'priority' }),
        ],
        model_asked: 'gpt-5',
        model_matched: 'gpt-5',
        tier_asked: 'priority',
        tier_sent: undefined,
        tier_served: undefined,
        action: 'filter',
        enforced: true,
        enforcement: 'enforce',
        code: undefined,
        rule: 'some-priority',
        reports: [],
        revision: 7,
        strictness: 'compatible',
        bytes: 41,
        duration_ms: 5,
      },
    ]);
  });

  test('and everything else that leaves holds neither credential nor content', () => {
    const chunks = [`{"model":"gpt-5","service_tier":"ultrafast","input":"${PROMPT}"}`];
    const headers = [
      ['authorization', `Bearer ${SECRET}`],
      ['cookie', SECRET],
      ['x-other', PROMPT],
    ] as const;
    for (const mode of ['BUFFERED', 'STREAMED', 'FULL_DUPLEX_STREAMED'] as const) {
      for (const body of [
        chunks,
        [`{"input":"${PROMPT}`],
        [`{"model":"gpt-5","service_tier":{"a":"${PROMPT}"}}`],
      ]) {
        const { immediate, decisions, metadata } = playRequest(environmentOf(), mode, {
          chunks: body,
          headers,
        });
        const told = JSON.stringify({ decisions, metadata, immediate, body: immediate?.body.toString() });
        expect(told).not.toContain(SECRET);
        expect(told).not.toContain(PROMPT);
      }
    }
  });

  test('cuts texts of the request at a character', () => {
    const model = 'é'.repeat(500);
    const { decisions, metadata } = playRequest(environmentOf(), 'BUFFERED', {
      chunks: [JSON.stringify({ model, service_tier: 'priority' })],
    });
    const cut = 'é'.repeat(64);
    expect(decisions[0]).toMatchObject({
      model_asked: cut,
      model_matched: cut,
      claims: [{ model_asked: cut }],
    });
    expect(metadata).toMatchObject({ model_asked: cut });
    expect(cutText('a😀b', 4)).toBe('a');
    expect(cutText('a😀b', 5)).toBe('a😀');
    expect(cutText('a😀b', 6)).toBe('a😀b');
  });

  test('is flat as dynamic metadata, on the reply that carries the verdict', () => {
    const { replies } = playRequest(environmentOf(), 'BUFFERED', { chunks: ['{"service_tier":"flex"}'] });
    expect(replies.map((reply) => reply.metadata)).toEqual([
      undefined,
      {
        id: 'ab'.repeat(16),
        action: 'force',
        enforced: true,
        route: 'default',
        dialect: 'openai-responses',
        revision: 7,
        model_asked: '',
        model_matched: '',
        rule: 'slow-flex',
        tier_asked: 'flex',
        tier_sent: 'default',
      },
    ]);
  });

  test('is not made where Envoy ends the stream before the verdict', () => {
    const environment = environmentOf();
    const exchange = createHttpExchangeFactory(environment)(
      openingOf('FULL_DUPLEX_STREAMED'),
      { kind: 'ended' },
      0,
    );
    const headers = headerLines({ chunks: ['{}'] });
    const context = NO_CONTEXT;
    exchange.handle({ kind: 'headers', direction: 'request', headers, endOfStream: false, context }, 0);
    const bytes = Buffer.from('{}');
    exchange.handle({ kind: 'body', direction: 'request', bytes, endOfStream: false, context }, 0);
    expect(environment.held.held).toBe(2);
    expect(exchange.handle({ kind: 'ended' }, 1)).toEqual([]);
    expect(environment.held.held).toBe(0);
    expect(exchange.handle({ kind: 'ended' }, 1)).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import type { Effect, ExchangeEvent } from '../../../src/exchange/events.ts';
import { createHttpExchangeFactory } from '../../../src/exchange/http/exchange.ts';
import { environmentOf, routeOf, type TestEnvironment } from '../support/environment.ts';
import { type ClientRequest, headerLines, NO_CONTEXT, openingOf } from '../support/envoy.ts';

const MODES = ['BUFFERED', 'STREAMED', 'FULL_DUPLEX_STREAMED'] as const;
type Mode = (typeof MODES)[number];
const BODY = '{"model":"gpt-5","service_tier":"priority"}';

/** Plays the headers of a request, then the events, and returns the effects of the last one. */
function lastOf(
  environment: TestEnvironment,
  mode: Mode,
  request: ClientRequest,
  events: readonly ExchangeEvent[],
): readonly Effect[] {
  const exchange = createHttpExchangeFactory(environment)(openingOf(mode), { kind: 'ended' }, 0);
  const headers = headerLines(request);
  let effects = exchange.handle(
    { kind: 'headers', direction: 'request', headers, endOfStream: false, context: NO_CONTEXT },
    0,
  );
  for (const event of events) effects = exchange.handle(event, 5);
  expect(exchange.handle({ kind: 'overloaded' }, 6)).toEqual([]);
  expect(exchange.handle({ kind: 'ended' }, 7)).toEqual([]);
  expect(environment.held.held).toBe(0);
  return effects;
}

const OVERLOADED: ExchangeEvent = { kind: 'overloaded' };

function body(text: string, endOfStream: boolean): ExchangeEvent {
  return {
    kind: 'body',
    direction: 'request',
    bytes: Buffer.from(text),
    endOfStream,
    context: NO_CONTEXT,
  };
}

function immediateOf(effects: readonly Effect[]) {
  const answers = effects.flatMap((effect) => (effect.kind === 'immediate' ? [effect.response] : []));
  expect(answers).toHaveLength(1);
  return answers[0];
}

function decisionsOf(effects: readonly Effect[]) {
  return effects.flatMap((effect) => (effect.kind === 'decision' ? [effect.decision] : []));
}

describe.each(MODES)('a message that does not fit into limits.held_total, %s', (mode) => {
  test.each(['enforce', 'report'] as const)('is refused and recorded under %s', (enforcement) => {
    const environment = environmentOf({ defaults: routeOf({ enforcement }) });
    const effects = lastOf(environment, mode, { chunks: [] }, [OVERLOADED]);
    expect(immediateOf(effects)).toMatchObject({
      status: 503,
      details: 'tiergate_overloaded',
      metadata: { action: 'refuse', code: 'overloaded', enforced: true },
    });
    expect(immediateOf(effects)?.headers).toContainEqual({ name: 'retry-after', value: '1' });
    expect(decisionsOf(effects)).toMatchObject([
      { action: 'refuse', code: 'overloaded', enforced: true, enforcement, route: 'default', revision: 7 },
    ]);
  });

  test('has the shape of the dialect', () => {
    const effects = lastOf(environmentOf(), mode, { path: '/v1/messages', chunks: [] }, [OVERLOADED]);
    expect(JSON.parse(String(immediateOf(effects)?.body))).toMatchObject({
      type: 'error',
      error: { type: 'overloaded_error' },
    });
  });

  test('gets 503 without a decision on a path that is not governed', () => {
    const effects = lastOf(environmentOf(), mode, { path: '/v1/embeddings', chunks: [] }, [OVERLOADED]);
    expect(immediateOf(effects)).toMatchObject({ status: 503, details: 'tiergate_overloaded' });
    expect(immediateOf(effects)?.headers.map(({ name }) => name)).toEqual(['content-type', 'retry-after']);
    expect(effects).toHaveLength(1);
  });

  test('of the answer gets 503 and no second decision', () => {
    const request = { path: '/v1/messages', chunks: [BODY], contentLength: false };
    const effects = lastOf(environmentOf(), mode, request, [body(BODY, true), OVERLOADED]);
    expect(JSON.parse(String(immediateOf(effects)?.body))).toMatchObject({ type: 'error' });
    expect(effects).toHaveLength(1);
  });

  test('of the answer lets a decision go that waited for it', () => {
    const environment = environmentOf({ observeServedTier: true });
    const effects = lastOf(environment, mode, { chunks: [BODY] }, [body(BODY, true), OVERLOADED]);
    expect(decisionsOf(effects)).toMatchObject([{ action: 'filter', code: undefined }]);
    expect(immediateOf(effects)?.status).toBe(503);
  });

  test('behind a refusal that was only reported is a refusal that was not', () => {
    const environment = environmentOf({ defaults: routeOf({ enforcement: 'report' }) });
    const headers = [['content-encoding', 'compress']] as const;
    const effects = lastOf(environment, mode, { chunks: [], headers }, [OVERLOADED]);
    expect(decisionsOf(effects)).toMatchObject([{ code: 'overloaded', enforced: true }]);
  });
});

test.each(['STREAMED', 'FULL_DUPLEX_STREAMED'] as const)('the chunks before it are let go, %s', (mode) => {
  const effects = lastOf(environmentOf(), mode, { chunks: [], contentLength: false }, [
    body('x'.repeat(5_000), false),
    OVERLOADED,
  ]);
  expect(decisionsOf(effects)).toMatchObject([{ code: 'overloaded', bytes: 5_000 }]);
});

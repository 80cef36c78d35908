import { describe, expect, test } from 'vitest';
import type { BodyMode, Exchange, ExchangeEvent, Opening } from '../../../src/exchange/events.ts';
import { createHttpExchangeFactory } from '../../../src/exchange/http/exchange.ts';
import { environmentOf } from '../support/environment.ts';
import { headerLines, NO_CONTEXT, openingOf } from '../support/envoy.ts';

const context = NO_CONTEXT;
const HEADERS: ExchangeEvent = {
  kind: 'headers',
  direction: 'request',
  headers: headerLines({}),
  endOfStream: true,
  context,
};

function open(opening: Opening): Exchange {
  return createHttpExchangeFactory(environmentOf())(opening, HEADERS, 0);
}

const ALL: readonly BodyMode[] = [
  'NONE',
  'STREAMED',
  'BUFFERED',
  'BUFFERED_PARTIAL',
  'FULL_DUPLEX_STREAMED',
  'GRPC',
];
const SAFE = new Set([
  'BUFFERED NONE',
  'BUFFERED STREAMED',
  'BUFFERED FULL_DUPLEX_STREAMED',
  'FULL_DUPLEX_STREAMED NONE',
  'FULL_DUPLEX_STREAMED STREAMED',
  'FULL_DUPLEX_STREAMED FULL_DUPLEX_STREAMED',
  'STREAMED STREAMED',
  'STREAMED FULL_DUPLEX_STREAMED',
]);

describe('mode pairs', () => {
  test.each(ALL.flatMap((request) => ALL.map((response) => [request, response] as const)))(
    'request %s, response %s',
    (request, response) => {
      const exchange = open(openingOf(request, response));
      const effects = exchange.handle(HEADERS, 0);
      if (SAFE.has(`${request} ${response}`)) {
        expect(effects.map((effect) => effect.kind)).toEqual(['reply', 'decision']);
        return;
      }
      const setting = ['BUFFERED', 'STREAMED', 'FULL_DUPLEX_STREAMED'].includes(request)
        ? 'response'
        : 'request';
      expect(effects).toEqual([
        { kind: 'misconfigured', text: expect.stringContaining(`processing_mode.${setting}_body_mode is`) },
      ]);
      expect(exchange.handle(HEADERS, 0)).toEqual([]);
    },
  );

  test('none at all: observability mode, whose replies count for nothing', () => {
    const exchange = open({ ...openingOf('BUFFERED'), modes: undefined });
    expect(exchange.handle(HEADERS, 0)).toEqual([
      { kind: 'misconfigured', text: expect.stringContaining('observability_mode') },
    ]);
    expect(exchange.handle({ kind: 'ended' }, 0)).toEqual([]);
  });

  test.each(['body', 'trailers'] as const)('request headers SKIP shows by a first %s message', (kind) => {
    const exchange = open(openingOf('BUFFERED'));
    const event: ExchangeEvent =
      kind === 'body'
        ? { kind, direction: 'request', bytes: Buffer.from('{}'), endOfStream: true, context }
        : { kind, direction: 'request', context };
    expect(exchange.handle(event, 0)).toEqual([
      { kind: 'misconfigured', text: expect.stringContaining('request_header_mode') },
    ]);
    expect(exchange.handle(event, 0)).toEqual([]);
  });
});

describe('the answer', () => {
  test.each(['NONE', 'STREAMED', 'FULL_DUPLEX_STREAMED'] as const)('passes as it comes in %s', (mode) => {
    const exchange = open(openingOf('BUFFERED', mode));
    const direction = 'response';
    const bytes = Buffer.from('data: {"service_tier":"priority"}');
    const replies = [
      { kind: 'headers', direction, headers: [], endOfStream: false, context },
      { kind: 'body', direction, bytes, endOfStream: false, context },
      { kind: 'trailers', direction, context },
    ].flatMap((event) => exchange.handle(event as ExchangeEvent, 0));
    const body =
      mode === 'FULL_DUPLEX_STREAMED'
        ? { kind: 'chunk', direction, bytes, endOfStream: false }
        : { kind: 'body', direction, body: { kind: 'keep' } };
    expect(replies).toEqual([
      { kind: 'reply', reply: { kind: 'headers', direction } },
      { kind: 'reply', reply: body },
      { kind: 'reply', reply: { kind: 'trailers', direction } },
    ]);
  });

  test('that comes before the request is over gets its replies, and the request its verdict', () => {
    const exchange = open(openingOf('FULL_DUPLEX_STREAMED', 'STREAMED'));
    const headers = headerLines({ chunks: ['{}'] });
    exchange.handle({ kind: 'headers', direction: 'request', headers, endOfStream: false, context }, 0);
    expect(
      exchange.handle({ kind: 'headers', direction: 'response', headers: [], endOfStream: true, context }, 0),
    ).toEqual([{ kind: 'reply', reply: { kind: 'headers', direction: 'response' } }]);
    const bytes = Buffer.from('{}');
    expect(
      exchange
        .handle({ kind: 'body', direction: 'request', bytes, endOfStream: true, context }, 0)
        .map((effect) => (effect.kind === 'reply' ? effect.reply.kind : effect.kind)),
    ).toEqual(['headers', 'chunk', 'decision']);
  });
});

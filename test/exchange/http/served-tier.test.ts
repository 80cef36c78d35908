import { describe, expect, test } from 'vitest';
import { dialectTable } from '../../../src/dialects/table.ts';
import type { BodyMode, Effect, Exchange, ExchangeEvent, Reply } from '../../../src/exchange/events.ts';
import { createHttpExchangeFactory } from '../../../src/exchange/http/exchange.ts';
import { judge } from '../../../src/exchange/judge.ts';
import type { ExchangeSettings } from '../../../src/exchange/settings.ts';
import { SAMPLES } from '../served-tier/answers.ts';
import { environmentOf, routeOf } from '../support/environment.ts';
import { headerLines, NO_CONTEXT, openingOf } from '../support/envoy.ts';

const context = NO_CONTEXT;
const ANSWER = '{"service_tier":"default"}';
const PATHS: Readonly<Record<string, string>> = {
  'openai-responses': '/v1/responses',
  'openai-chat': '/v1/chat/completions',
  'anthropic-messages': '/v1/messages',
};

interface Modes {
  readonly request?: BodyMode;
  readonly response?: BodyMode;
}

function open(
  settings: Partial<ExchangeSettings> = {},
  { request = 'BUFFERED', response = 'STREAMED' }: Modes = {},
) {
  const environment = environmentOf({ observeServedTier: true, ...settings });
  return createHttpExchangeFactory(environment)(openingOf(request, response), { kind: 'ended' }, 0);
}

const asked = (path = '/v1/responses', endOfStream = false): ExchangeEvent => ({
  kind: 'headers',
  direction: 'request',
  headers: headerLines({ path, chunks: [] }).filter(({ name }) => name !== 'content-length'),
  endOfStream,
  context,
});
const answered = (headers: Readonly<Record<string, string>> = {}, endOfStream = false): ExchangeEvent => ({
  kind: 'headers',
  direction: 'response',
  headers: Object.entries({ ':status': '200', ...headers }).map(([name, value]) => ({ name, value })),
  endOfStream,
  context,
});
const bodyOf = (direction: 'request' | 'response', text: string, endOfStream: boolean): ExchangeEvent => ({
  kind: 'body',
  direction,
  bytes: Buffer.from(text),
  endOfStream,
  context,
});
const REQUEST = bodyOf('request', '{"model":"gpt-allowed","service_tier":"priority"}', true);
const TRAILERS: ExchangeEvent = { kind: 'trailers', direction: 'response', context };

/** The effects of each event, one millisecond after the other. */
function run(exchange: Exchange, events: readonly ExchangeEvent[]): readonly (readonly Effect[])[] {
  return events.map((event, now) => exchange.handle(event, now));
}

const kinds = (effects: readonly Effect[]) => effects.map(({ kind }) => kind);
const decisions = (effects: readonly Effect[]) =>
  effects.filter((effect) => effect.kind === 'decision').map((effect) => effect.decision);
const replies = (effects: readonly Effect[]) =>
  effects.filter((effect) => effect.kind === 'reply').map((effect) => effect.reply);

/** The replies without what rides on them. */
function bare(effects: readonly Effect[]): readonly Reply[] {
  return replies(effects).map(({ metadata: _, ...reply }) => reply);
}

const PAIRS = (['BUFFERED', 'STREAMED', 'FULL_DUPLEX_STREAMED'] as const).flatMap((request) =>
  (['STREAMED', 'FULL_DUPLEX_STREAMED'] as const).map((response) => ({ request, response })),
);

describe.each(PAIRS)('observed in $request and $response', (modes) => {
  test('the decision waits for the end of the answer, and nothing else does', () => {
    const events = [
      asked(),
      REQUEST,
      answered({ 'content-type': 'application/json' }),
      bodyOf('response', ANSWER.slice(0, 10), false),
      bodyOf('response', ANSWER.slice(10), false),
      bodyOf('response', '', true),
      { kind: 'ended' } as const,
    ];
    const observed = run(open({}, modes), events);
    const plain = run(open({ observeServedTier: false }, modes), events);
    expect(observed.map(bare)).toEqual(plain.map(bare));

    const [verdict] = plain.flatMap(decisions);
    expect(observed.map((effects) => decisions(effects).length)).toEqual([0, 0, 0, 0, 0, 1, 0]);
    expect(observed.flatMap(decisions)).toEqual([{ ...verdict, tier_served: 'default' }]);
    expect(verdict).toMatchObject({
      tier_asked: 'priority',
      tier_sent: 'priority',
      tier_served: undefined,
      duration_ms: 1,
    });

    const metadata = (runs: readonly (readonly Effect[])[]) =>
      runs.flatMap(replies).map((reply) => reply.metadata);
    expect(metadata(plain).filter(Boolean)).toHaveLength(1);
    expect(metadata(observed)).toEqual([...metadata(plain).slice(0, -1), { tier_served: 'default' }]);
  });

  test.each(SAMPLES.map((sample) => [sample.dialect, sample.type, sample.name, sample] as const))(
    '%s %s: %s',
    (dialect, type, _, { text, tier }) => {
      const exchange = open({}, modes);
      const effects = run(exchange, [
        asked(PATHS[dialect]),
        bodyOf('request', '{"model":"m"}', true),
        answered({ 'content-type': type }),
        bodyOf('response', text, true),
      ]).flat();
      expect(decisions(effects)).toMatchObject([{ dialect, tier_served: tier }]);
    },
  );
});

describe('off', () => {
  test.each(PAIRS)(
    'in $request and $response the effects are those of an answer that is not looked at',
    (modes) => {
      const exchange = open({ observeServedTier: false }, modes);
      const before = run(exchange, [asked(), REQUEST]);
      expect(kinds(before.flat()).at(-1)).toBe('decision');
      for (const event of [answered(), bodyOf('response', ANSWER, true)]) {
        expect(kinds(exchange.handle(event, 5))).toEqual(['reply']);
      }
      expect(exchange.handle({ kind: 'ended' }, 5)).toEqual([]);
    },
  );

  test('or where Envoy sends no answer body, nothing waits', () => {
    const exchange = open({}, { response: 'NONE' });
    expect(run(exchange, [asked(), REQUEST]).map(kinds)).toEqual([['reply'], ['reply', 'decision']]);
    expect(kinds(exchange.handle(answered(), 5))).toEqual(['reply']);
    expect(exchange.handle({ kind: 'ended' }, 5)).toEqual([]);
  });
});

describe('the decision leaves once', () => {
  const settled = () => {
    const exchange = open();
    run(exchange, [asked(), REQUEST]);
    return exchange;
  };

  test('with what is known where Envoy ends the stream', () => {
    const event = (text: string) => bodyOf('response', text, false);
    const rows: readonly (readonly [readonly ExchangeEvent[], string | undefined])[] = [
      [[], undefined],
      [[answered()], undefined],
      [[answered(), event('{"service_tier":"flex"')], undefined],
      [[answered(), event('{"service_tier":"flex"}')], 'flex'],
    ];
    for (const [events, tier] of rows) {
      const exchange = settled();
      expect(run(exchange, events).flatMap(decisions)).toEqual([]);
      const effects = exchange.handle({ kind: 'ended' }, 99);
      expect(kinds(effects)).toEqual(['decision']);
      expect(decisions(effects)).toMatchObject([{ tier_served: tier, duration_ms: 1 }]);
      expect(exchange.handle({ kind: 'ended' }, 99)).toEqual([]);
    }
  });

  test('with trailers', () => {
    const exchange = settled();
    const effects = run(exchange, [answered(), bodyOf('response', ANSWER, false), TRAILERS]);
    expect(effects.map(kinds)).toEqual([['reply'], ['reply'], ['reply', 'decision']]);
    expect(replies(effects[2] ?? [])).toEqual([
      { kind: 'trailers', direction: 'response', metadata: { tier_served: 'default' } },
    ]);
    expect(exchange.handle({ kind: 'ended' }, 9)).toEqual([]);
  });

  test.each([
    ['an answer without a body', answered({}, true)],
    ['a failure of the provider', answered({ ':status': '503' })],
    ['an encoded answer', answered({ 'content-encoding': 'gzip' })],
    ['a body whose headers Envoy does not send', bodyOf('response', ANSWER, false)],
  ])('at once for %s', (_, event) => {
    const exchange = settled();
    const effects = exchange.handle(event, 9);
    expect(kinds(effects)).toEqual(['reply', 'decision']);
    expect(decisions(effects)).toMatchObject([{ tier_served: undefined }]);
    expect(replies(effects)[0]).not.toHaveProperty('metadata');
    expect(kinds(exchange.handle(bodyOf('response', ANSWER, true), 9))).toEqual(['reply']);
    expect(exchange.handle({ kind: 'ended' }, 9)).toEqual([]);
  });

  test('with the verdict, where the answer came before the whole request', () => {
    const exchange = open({}, { request: 'STREAMED' });
    const early = run(exchange, [asked(), answered(), bodyOf('response', ANSWER, true)]);
    expect(early.flatMap(decisions)).toEqual([]);
    const effects = exchange.handle(REQUEST, 7);
    expect(kinds(effects)).toEqual(['reply', 'decision']);
    expect(decisions(effects)).toMatchObject([{ tier_served: 'default', duration_ms: 7 }]);
    expect(exchange.handle({ kind: 'ended' }, 9)).toEqual([]);
  });

  test('at once where the request is stopped', () => {
    const exchange = open();
    exchange.handle(asked(), 0);
    const effects = exchange.handle(bodyOf('request', '{"service_tier":"ultrafast"}', true), 0);
    expect(kinds(effects)).toEqual(['immediate', 'decision']);
    expect(exchange.handle({ kind: 'ended' }, 9)).toEqual([]);
  });

  test('of a request that report lets go on', () => {
    const exchange = open({ defaults: routeOf({ enforcement: 'report' }) });
    const events = [
      asked(),
      bodyOf('request', '{"model":}', true),
      answered(),
      bodyOf('response', ANSWER, true),
    ];
    const effects = run(exchange, events);
    expect(effects.map((some) => decisions(some).length)).toEqual([0, 0, 0, 1]);
    expect(effects.flatMap(decisions)).toMatchObject([
      { code: 'malformed_json', enforced: false, tier_served: 'default' },
    ]);
  });
});

describe('nothing is read', () => {
  test('of a request that is not governed', () => {
    const exchange = open();
    const events = [asked('/v1/files'), REQUEST, answered(), bodyOf('response', ANSWER, true)];
    expect(run(exchange, events).map(kinds)).toEqual([['reply'], ['reply'], ['reply'], ['reply']]);
    expect(exchange.handle({ kind: 'ended' }, 9)).toEqual([]);
  });

  test('of a reply of Envoy itself, before any request headers', () => {
    const exchange = open();
    const effects = run(exchange, [answered(), bodyOf('response', ANSWER, true), { kind: 'ended' }]);
    expect(effects.map(kinds)).toEqual([['reply'], ['reply'], []]);
    expect(effects.flatMap(replies).every((reply) => reply.metadata === undefined)).toBe(true);
  });

  test('where there is no dialect, or one whose answers do not tell', () => {
    const report = { defaults: routeOf({ enforcement: 'report' as const }) };
    expect(kinds(open(report).handle(asked('/v1/live/sessions'), 0))).toEqual(['reply', 'decision']);

    const chat = dialectTable.byName('openai-chat');
    if (chat === undefined) throw new Error('unreachable');
    const silent = { ...chat, served: undefined };
    const dialects = { byName: () => silent, byPath: () => ({ kind: 'dialect', dialect: silent }) as const };
    const environment = environmentOf({ observeServedTier: true });
    const make = createHttpExchangeFactory(environment, { dialects, judge });
    const exchange = make(openingOf('BUFFERED'), { kind: 'ended' }, 0);
    expect(run(exchange, [asked(), REQUEST, answered()]).map(kinds)).toEqual([
      ['reply'],
      ['reply', 'decision'],
      ['reply'],
    ]);
  });
});

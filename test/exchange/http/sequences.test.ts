import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Effect, Exchange, ExchangeEvent } from '../../../src/exchange/events.ts';
import { createHttpExchangeFactory } from '../../../src/exchange/http/exchange.ts';
import { environmentOf, routeOf, settingsOf, TestBudget } from '../support/environment.ts';
import { headerLines, NO_CONTEXT, openingOf } from '../support/envoy.ts';
import { undoCodings } from '../support/undo-codings.ts';

const context = NO_CONTEXT;
const PLAIN = '{"model":"gpt-5","service_tier":"priority"}';

function open(
  mode: 'BUFFERED' | 'STREAMED' | 'FULL_DUPLEX_STREAMED',
  environment = environmentOf(),
): Exchange {
  return createHttpExchangeFactory(environment)(openingOf(mode), { kind: 'ended' }, 0);
}

function headers(extra: readonly (readonly [string, string])[] = []): ExchangeEvent {
  const lines = headerLines({ chunks: [PLAIN], headers: extra, contentLength: false });
  return { kind: 'headers', direction: 'request', headers: lines, endOfStream: false, context };
}

function body(bytes: string | Uint8Array, endOfStream: boolean): ExchangeEvent {
  return { kind: 'body', direction: 'request', bytes: Buffer.from(bytes as string), endOfStream, context };
}

const TRAILERS: ExchangeEvent = { kind: 'trailers', direction: 'request', context };
const kinds = (effects: readonly Effect[]) =>
  effects.map((effect) => (effect.kind === 'reply' ? effect.reply.kind : effect.kind));

describe('while a body is being decoded', () => {
  const encoded = gzipSync(PLAIN);
  const GZIP = [['content-encoding', 'gzip']] as const;

  function decoding(
    mode: 'BUFFERED' | 'STREAMED' | 'FULL_DUPLEX_STREAMED',
    environment = environmentOf(),
    length?: string,
  ) {
    const exchange = open(mode, environment);
    exchange.handle(headers(length === undefined ? GZIP : [...GZIP, ['content-length', length]]), 0);
    const effects = exchange.handle(body(encoded, true), 0);
    expect(effects).toEqual([
      { kind: 'decode', codings: ['gzip'], bytes: encoded, maxBytes: 1_000_000, maxRatio: 100 },
    ]);
    const job = effects[0];
    if (job?.kind !== 'decode') throw new Error('unreachable');
    return { exchange, result: undoCodings(job) };
  }

  test('duplex ignores a repeated end of the body', () => {
    const { exchange, result } = decoding('FULL_DUPLEX_STREAMED');
    expect(exchange.handle(body('', true), 0)).toEqual([]);
    expect(exchange.handle(body('{"service_tier":"priority"}', true), 0)).toEqual([]);
    const effects = exchange.handle({ kind: 'decoded', result }, 0);
    expect(kinds(effects)).toEqual(['headers', 'chunk', 'decision']);
    expect(effects[1]).toMatchObject({
      reply: { bytes: Buffer.from('{"model":"gpt-5"}'), endOfStream: true },
    });
    expect(exchange.handle(body('more', true), 0)).toEqual([]);
  });

  test('a local answer of Envoy gets its replies', () => {
    const { exchange, result } = decoding('BUFFERED');
    const answer: ExchangeEvent = {
      kind: 'headers',
      direction: 'response',
      headers: [],
      endOfStream: true,
      context,
    };
    expect(kinds(exchange.handle(answer, 0))).toEqual(['headers']);
    expect(kinds(exchange.handle({ kind: 'decoded', result }, 0))).toEqual(['body', 'decision']);
  });

  test('the end releases what is held, and the late result does nothing', () => {
    const environment = environmentOf();
    const { exchange, result } = decoding('STREAMED', environment);
    expect(environment.held.held).toBe(encoded.length);
    expect(exchange.handle({ kind: 'ended' }, 0)).toEqual([]);
    expect(environment.held.held).toBe(0);
    expect(exchange.handle({ kind: 'decoded', result }, 0)).toEqual([]);
  });

  test('trailers of a BUFFERED body get their reply behind the body', () => {
    const exchange = open('BUFFERED');
    exchange.handle(headers(GZIP), 0);
    const [job] = exchange.handle(body(encoded, false), 0);
    if (job?.kind !== 'decode') throw new Error('no decode effect');
    expect(exchange.handle(TRAILERS, 0)).toEqual([]);
    const effects = exchange.handle({ kind: 'decoded', result: undoCodings(job) }, 0);
    expect(kinds(effects)).toEqual(['body', 'trailers', 'decision']);
  });

  test('no more is held than came', () => {
    const environment = environmentOf();
    decoding('BUFFERED', environment, '4000');
    expect(environment.held.held).toBe(encoded.length);
  });

  test('a result that nobody asked for does nothing', () => {
    const exchange = open('BUFFERED');
    exchange.handle(headers(), 0);
    expect(exchange.handle({ kind: 'decoded', result: { ok: true, bytes: Buffer.from('{}') } }, 0)).toEqual(
      [],
    );
  });
});

test('messages that Envoy cannot send are faults, not passed', () => {
  const exchange = open('BUFFERED');
  exchange.handle(headers(), 0);
  expect(() => exchange.handle(headers(), 0)).toThrow('second request headers');
  exchange.handle(body(PLAIN, false), 0);
  expect(() => exchange.handle(body(PLAIN, true), 0)).toThrow('after the end of the body');
});

describe('the budget of held bytes', () => {
  test('is taken for bytes that have come, never for those that are only announced', () => {
    const environment = environmentOf();
    const exchange = open('FULL_DUPLEX_STREAMED', environment);
    const lines = headerLines({ chunks: ['x'.repeat(500)] });
    exchange.handle(
      { kind: 'headers', direction: 'request', headers: lines, endOfStream: false, context },
      0,
    );
    expect(environment.held.held).toBe(0);
    exchange.handle(body('x'.repeat(600), false), 0);
    expect(environment.held.held).toBe(600);
    exchange.handle(body('', true), 0);
    expect(environment.held.held).toBe(0);
  });

  const chunk = fc.record({
    kind: fc.constant('body' as const),
    bytes: fc.oneof(
      fc.constantFrom(PLAIN, PLAIN.slice(0, 12), PLAIN.slice(12), '', '{}'),
      fc.string({ maxLength: 60 }),
    ),
    endOfStream: fc.boolean(),
    direction: fc.constantFrom('request' as const, 'response' as const),
  });
  const message = fc.oneof(
    { weight: 6, arbitrary: chunk },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('trailers' as const),
        direction: fc.constantFrom('request' as const, 'response' as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('decoded' as const),
        result: fc.constantFrom(
          { ok: true as const, bytes: Buffer.from(PLAIN) },
          { ok: false as const, code: 'corrupt_encoding' as const },
        ),
      }),
    },
  );

  test('is back at nothing whatever happens, and one decision at most is made', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('BUFFERED' as const, 'STREAMED' as const, 'FULL_DUPLEX_STREAMED' as const),
        fc.constantFrom('enforce' as const, 'report' as const),
        fc.constantFrom<readonly (readonly [string, string])[]>(
          [],
          [['content-encoding', 'gzip']],
          [['content-length', '40']],
          [['content-length', '4000']],
          [['trailer', 'x']],
        ),
        fc.integer({ min: 0, max: 120 }),
        fc.array(message, { maxLength: 12 }),
        (mode, enforcement, extra, room, messages) => {
          const limits = { ...settingsOf().limits, body: 100 };
          const held = new TestBudget(room);
          const environment = environmentOf({ defaults: routeOf({ enforcement }), limits }, { held });
          const exchange = open(mode, environment);
          const effects: Effect[] = [];
          try {
            effects.push(...exchange.handle(headers(extra), 0));
            for (const one of messages) {
              const event = one.kind === 'body' ? { ...one, bytes: Buffer.from(one.bytes) } : one;
              effects.push(...exchange.handle({ ...event, context } as ExchangeEvent, 0));
            }
          } catch (fault) {
            // An order that Envoy never sends ends the stream; the end is told to the exchange all the same.
            expect(String(fault)).toMatch(/after the end/);
          }
          exchange.handle({ kind: 'ended' }, 0);
          expect(held.held).toBe(0);
          expect(effects.filter((effect) => effect.kind === 'decision').length).toBeLessThanOrEqual(1);
          const stop = effects.findIndex((effect) => effect.kind === 'immediate');
          if (stop !== -1) expect(kinds(effects.slice(stop))).toEqual(['immediate', 'decision']);
        },
      ),
      { numRuns: 1500 },
    );
  });

  test('no byte of a blocked body is ever released, however it is cut', () => {
    const blocked = Buffer.from('{"model":"gpt-5","service_tier":"ultrafast"}');
    fc.assert(
      fc.property(
        fc.constantFrom('STREAMED' as const, 'FULL_DUPLEX_STREAMED' as const),
        fc.array(fc.integer({ min: 0, max: blocked.length }), { maxLength: 6 }),
        (mode, cuts) => {
          const edges = [0, ...cuts.toSorted((a, b) => a - b), blocked.length];
          const exchange = open(mode);
          const effects = [...exchange.handle(headers(), 0)];
          edges.slice(1).forEach((edge, index) => {
            const last = index === edges.length - 2;
            effects.push(...exchange.handle(body(blocked.subarray(edges[index], edge), last), 0));
          });
          expect(effects.at(-2)).toMatchObject({ kind: 'immediate', response: { status: 403 } });
          for (const effect of effects.slice(0, -2)) {
            expect(effect.kind).toBe('reply');
            if (effect.kind !== 'reply' || effect.reply.kind === 'headers') continue;
            expect(mode).toBe('STREAMED');
            expect(effect.reply).toMatchObject({ body: { kind: expect.stringMatching(/clear|keep/) } });
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { environmentOf } from '../support/environment.ts';
import { type ClientRequest, type Outcome, playRequest } from '../support/envoy.ts';

const MODES = ['BUFFERED', 'STREAMED', 'FULL_DUPLEX_STREAMED'] as const;
type Mode = (typeof MODES)[number];

/** How a body can reach us; `chunks` of it, and what goes with them. */
const SHAPES: Readonly<Record<string, (body: Buffer) => ClientRequest>> = {
  'one chunk': (body) => ({ chunks: [body] }),
  'many chunks': (body) => ({ chunks: [...body].map((byte) => Buffer.of(byte)) }),
  'an empty last chunk': (body) => ({ chunks: [body.subarray(0, 9), body.subarray(9), ''] }),
  'no content-length': (body) => ({ chunks: [body], contentLength: false }),
  gzip: (body) => ({ chunks: [gzipSync(body)], headers: [['content-encoding', 'gzip']] }),
  'stacked codings': (body) => ({
    chunks: [zstdCompressSync(gzipSync(body)).subarray(0, 11), zstdCompressSync(gzipSync(body)).subarray(11)],
    headers: [
      ['content-encoding', 'X-GZIP'],
      ['content-encoding', 'identity, zstd'],
    ],
  }),
  trailers: (body) => ({ chunks: [body], trailers: true }),
};

const ALLOWED = '{"model":"gpt-allowed-1","service_tier":"priority","input":"hé"}';
const FILTERED = '{"model":"gpt-5","service_tier":"priority","input":"hé"}';
const FORCED = '{"model":"gpt-5","service_tier":"flex","input":"hé"}';
const BLOCKED = '{"model":"gpt-5","service_tier":"ultrafast","input":"hé"}';
const PLAIN = '{"model":"gpt-5","input":"hé"}';

function play(mode: Mode, request: ClientRequest): Outcome {
  const environment = environmentOf();
  const outcome = playRequest(environment, mode, request);
  expect(environment.held.held).toBe(0);
  return outcome;
}

function header(outcome: Outcome, name: string): string | undefined {
  return outcome.upstream?.headers.find((line) => line.name === name)?.value;
}

/** STREAMED cannot send a held body on after trailers: such a request is refused. */
function isRefused(mode: Mode, shape: string): boolean {
  return mode === 'STREAMED' && shape === 'trailers';
}

describe.each(MODES)('%s', (mode) => {
  describe.each(Object.keys(SHAPES))('%s', (shape) => {
    const shaped = (text: string): ClientRequest => SHAPES[shape]?.(Buffer.from(text)) ?? {};

    test.each([
      ['a tier that the policy allows', ALLOWED, 'pass', 'priority'],
      ['no tier', PLAIN, 'pass', undefined],
    ])('%s passes with every byte and header', (_, text, action, tierSent) => {
      const request = shaped(text);
      const outcome = play(mode, request);
      if (isRefused(mode, shape)) {
        expect(outcome.immediate?.details).toBe('tiergate_trailers_refused');
        return;
      }
      expect(outcome.decisions).toMatchObject([{ action, tier_sent: tierSent, enforced: true }]);
      const encoded = request.headers !== undefined;
      const sent = Buffer.concat((request.chunks ?? []).map((chunk) => Buffer.from(chunk as Buffer)));
      if (mode === 'STREAMED' && encoded) {
        expect(outcome.upstream?.body.toString()).toBe(text);
        expect(header(outcome, 'content-encoding')).toBeUndefined();
      } else {
        expect(outcome.upstream?.body).toEqual(sent);
        expect(header(outcome, 'content-encoding')).toBe(request.headers?.[0]?.[1]);
      }
      expect(outcome.decisions[0]?.bytes).toBe(sent.length);
    });

    test.each([
      ['filter', FILTERED, '{"model":"gpt-5","input":"hé"}', undefined],
      ['force', FORCED, '{"model":"gpt-5","service_tier":"default","input":"hé"}', 'default'],
    ])('%s edits the body and what describes it', (action, text, edited, tierSent) => {
      const outcome = play(mode, shaped(text));
      if (isRefused(mode, shape)) {
        expect(outcome.upstream).toBeUndefined();
        return;
      }
      expect(outcome.upstream?.body.toString()).toBe(edited);
      expect(header(outcome, 'content-encoding')).toBeUndefined();
      expect(outcome.decisions).toMatchObject([
        { action, tier_sent: tierSent, revision: 7, code: undefined },
      ]);
      expect(outcome.metadata).toMatchObject({ action, revision: 7, model_asked: 'gpt-5' });
    });

    test('block never lets a byte of the body upstream', () => {
      const outcome = play(mode, shaped(BLOCKED));
      expect(outcome.upstream).toBeUndefined();
      expect(outcome.released).toBe(0);
      expect(outcome.immediate?.details).toBe(
        isRefused(mode, shape) ? 'tiergate_trailers_refused' : 'tiergate_policy_violation',
      );
      expect(outcome.decisions).toHaveLength(1);
    });

    test('malformed JSON is refused', () => {
      const outcome = play(mode, shaped('{"model":"gpt-5"'));
      if (isRefused(mode, shape)) return;
      expect(outcome.immediate).toMatchObject({ status: 400, details: 'tiergate_malformed_json' });
      expect(outcome.decisions).toMatchObject([{ action: 'refuse', code: 'malformed_json' }]);
    });
  });

  test.each([
    ['an empty chunk', { chunks: [''] }],
    ['an empty encoded body', { chunks: [''], headers: [['content-encoding', 'gzip']] as const }],
    ['trailers alone', { trailers: true }],
    ['an empty chunk and trailers', { chunks: [''], trailers: true }],
    ['headers alone', {}],
    ['headers alone with a coding of nothing', { headers: [['content-encoding', 'compress']] as const }],
  ])('%s passes and is recorded', (_, request) => {
    const outcome = play(mode, request);
    expect(outcome.upstream?.body).toHaveLength(0);
    expect(outcome.decisions).toMatchObject([{ action: 'pass', bytes: 0 }]);
  });

  test('a body of many chunks is whole when it arrives', () => {
    const text = `{"service_tier":"priority","input":"${'x'.repeat(300_000)}"}`;
    const chunks = Array.from({ length: 19 }, (_, index) => text.slice(index * 16_384, (index + 1) * 16_384));
    expect(play(mode, { chunks }).upstream?.body.toString()).toBe(
      text.replace('"service_tier":"priority",', ''),
    );
  });
});

describe('content-length', () => {
  test('goes with an edited BUFFERED body also where the client sent none', () => {
    const outcome = play('BUFFERED', { chunks: [FILTERED], contentLength: false });
    expect(header(outcome, 'content-length')).toBe(String(outcome.upstream?.body.length));
  });

  test.each(['STREAMED', 'FULL_DUPLEX_STREAMED'] as const)(
    'is right in %s where Envoy is told to keep it',
    (mode) => {
      const outcome = playRequest(environmentOf(), mode, { chunks: [FILTERED] }, true);
      const expected = mode === 'STREAMED' ? undefined : String(outcome.upstream?.body.length);
      expect(header(outcome, 'content-length')).toBe(expected);
    },
  );
});

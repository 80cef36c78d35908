import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { DecodeResult } from '../../src/exchange/events.ts';
import type { ContentDecoder } from '../../src/extproc/content-decoder.ts';
import { openStream } from '../../src/extproc/stream.ts';
import { Bench, blocked, body, headers, keepAll, modes, protocol, request, type Script } from './support.ts';

const plain = Buffer.from('{"model":"gpt-5"}');
const first = request(headers('request', { ':path': '/v1/responses' }), protocol(modes.buffered));
const encoded = request(body('request', zlib.gzipSync(plain), true));

/** Decodes the body, then lets it pass; at a decoded event it holds what the loop holds. */
const decodeThenKeep: Script = (event, held) => {
  if (event.kind === 'body') {
    return [
      { kind: 'decode', codings: ['gzip'], bytes: Buffer.from(event.bytes), maxBytes: 1_000, maxRatio: 100 },
    ];
  }
  if (event.kind === 'decoded') {
    return [{ kind: 'reply', reply: { kind: 'body', direction: 'request', body: { kind: 'keep' } } }];
  }
  return keepAll(event, held);
};

/** A decoder whose result comes when the test says so. */
class LateDecoder implements ContentDecoder {
  readonly #waiting: ((result: DecodeResult) => void)[] = [];
  aborted = 0;

  decode(_job: unknown, _held: unknown, signal: AbortSignal): Promise<DecodeResult> {
    signal.addEventListener('abort', () => {
      this.aborted += 1;
    });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async finish(result: DecodeResult): Promise<void> {
    for (const resolve of this.#waiting) resolve(result);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

describe('a decode effect', () => {
  it('comes back as an event, at once for a small body', () => {
    const bench = new Bench(decodeThenKeep);
    const loop = openStream(bench.stream, bench.environment);
    loop.message(first);
    loop.message(encoded);
    expect(bench.events.map((event) => event.kind)).toEqual(['headers', 'body', 'decoded']);
    expect(bench.events[2]).toEqual({ kind: 'decoded', result: { ok: true, bytes: plain } });
    expect(bench.stream.cases).toEqual(['requestHeaders', 'requestBody']);
  });

  it('holds the decoded bytes while the exchange sees them, and no longer', () => {
    let seen = -1;
    const bench = new Bench((event, held) => {
      if (event.kind === 'decoded') seen = held.held;
      return decodeThenKeep(event, held);
    });
    const loop = openStream(bench.stream, bench.environment);
    loop.message(first);
    loop.message(encoded);
    expect(seen).toBe(plain.length);
    expect(bench.held.held).toBe(0);
  });

  it('runs behind the other effects of its event', () => {
    const bench = new Bench((event, held) =>
      event.kind === 'headers' ? [...decodeEffects(), ...keepAll(event, held)] : keepAll(event, held),
    );
    const loop = openStream(bench.stream, bench.environment);
    loop.message(first);
    expect(bench.events.map((event) => event.kind)).toEqual(['headers', 'decoded']);
    expect(bench.stream.cases).toEqual(['requestHeaders']);
  });

  it('comes late for a large one', async () => {
    const decoder = new LateDecoder();
    const bench = new Bench(decodeThenKeep, { decoder });
    const loop = openStream(bench.stream, bench.environment);
    loop.message(first);
    loop.message(encoded);
    expect(bench.stream.cases).toEqual(['requestHeaders']);
    await decoder.finish({ ok: false, code: 'corrupt_encoding' });
    expect(bench.events.at(-1)).toEqual({ kind: 'decoded', result: { ok: false, code: 'corrupt_encoding' } });
    expect(bench.stream.cases).toEqual(['requestHeaders', 'requestBody']);
  });

  it('is aborted by the end of the stream, and a result that comes all the same is given back', async () => {
    const decoder = new LateDecoder();
    const bench = new Bench(decodeThenKeep, { decoder });
    const loop = openStream(bench.stream, bench.environment);
    loop.message(first);
    loop.message(encoded);
    loop.cancelled();
    expect(decoder.aborted).toBe(1);
    bench.held.take(plain.length);
    await decoder.finish({ ok: true, bytes: plain });
    expect(bench.events.map((event) => event.kind)).toEqual(['headers', 'body', 'ended']);
    expect(bench.held.held).toBe(0);
    expect(bench.observer.faults).toEqual([]);
  });

  it('is aborted by an immediate response', () => {
    const decoder = new LateDecoder();
    const bench = new Bench(
      (event, held) =>
        event.kind === 'body'
          ? [
              ...decodeThenKeep(event, held),
              { kind: 'immediate', response: blocked(413, 'tiergate_body_too_large') },
            ]
          : keepAll(event, held),
      { decoder },
    );
    const loop = openStream(bench.stream, bench.environment);
    loop.message(first);
    loop.message(encoded);
    expect(decoder.aborted).toBe(1);
    expect(bench.stream.cases).toEqual(['requestHeaders', 'immediateResponse']);
  });

  it.each([
    ['a misconfigured Envoy', { kind: 'misconfigured', text: 'set something' }],
    ['an immediate response', { kind: 'immediate', response: blocked(403, 'tiergate_x') }],
    ['a fault', { kind: 'reply', reply: { kind: 'trailers', direction: 'request' } }],
  ] as const)('is not seen, and nothing is held, behind %s', (_name, last) => {
    const bench = new Bench((event, held) =>
      event.kind === 'headers' ? [...decodeEffects(), last] : keepAll(event, held),
    );
    const loop = openStream(bench.stream, bench.environment);
    loop.message(first);
    expect(bench.events.filter((event) => event.kind === 'decoded')).toEqual([]);
    expect(bench.held.held).toBe(0);
    expect(bench.observer.faults).toHaveLength(last.kind === 'reply' ? 1 : 0);
  });
});

function decodeEffects() {
  const bytes = zlib.gzipSync(plain);
  return [{ kind: 'decode' as const, codings: ['gzip' as const], bytes, maxBytes: 1_000, maxRatio: 100 }];
}

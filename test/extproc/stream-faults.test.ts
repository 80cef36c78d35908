import { describe, expect, it } from 'vitest';
import type { ContentDecoder } from '../../src/extproc/content-decoder.ts';
import { openStream } from '../../src/extproc/stream.ts';
import type { StreamEnvironment } from '../../src/extproc/stream-environment.ts';
import { Bench, blocked, body, headers, keepAll, modes, protocol, request, type Script } from './support.ts';

const secret = 'sk-user-content';
const first = request(headers('request', { ':path': '/v1/responses' }), protocol(modes.buffered));

function explode(): never {
  throw new Error(secret);
}

const decodeOnBody: Script = (event, held) =>
  event.kind === 'body'
    ? [{ kind: 'decode', codings: ['gzip'], bytes: Buffer.from(event.bytes), maxBytes: 100, maxRatio: 10 }]
    : keepAll(event, held);

/** Runs messages into a stream whose parts may throw. */
function run(
  script: Script,
  overrides: Partial<StreamEnvironment> = {},
): { bench: Bench; loop: ReturnType<typeof openStream> } {
  const bench = new Bench(script, overrides);
  return { bench, loop: openStream(bench.stream, bench.environment) };
}

function expectInternal(bench: Bench, place: string): void {
  expect(bench.stream.ends).toHaveLength(1);
  expect(bench.stream.ends[0]?.code).toBe(13);
  expect(bench.stream.ends[0]?.details).not.toContain(secret);
  expect(bench.observer.ends).toEqual(['fault']);
  expect(bench.observer.faults.map((fault) => fault.place)).toContain(place);
  expect(bench.held.held).toBe(0);
}

describe('a throw ends its stream with INTERNAL and a text without content', () => {
  it('in the factory of exchanges', () => {
    const { bench, loop } = run(keepAll, { exchanges: explode });
    loop.message(first);
    expectInternal(bench, 'message');
  });

  it.each(['headers', 'body'] as const)('in the exchange, at %s', (kind) => {
    const { bench, loop } = run((event, held) => {
      if (event.kind !== 'ended') held.take(10);
      return event.kind === kind ? explode() : keepAll(event, held);
    });
    loop.message(first);
    loop.message(request(body('request', '{}', true)));
    expectInternal(bench, 'message');
    expect(bench.endedEvents).toBe(1);
  });

  it('in a message that holds nothing', () => {
    const { bench, loop } = run(keepAll);
    loop.message(request(undefined, protocol(modes.buffered)));
    expectInternal(bench, 'message');
  });

  it.each([
    [
      'a reply that Envoy does not wait for',
      { kind: 'reply', reply: { kind: 'trailers', direction: 'request' } },
    ],
    [
      'a header that Envoy would choke on',
      {
        kind: 'reply',
        reply: {
          kind: 'headers',
          direction: 'request',
          edits: { remove: [], set: [{ name: 'x', value: 'a\nb' }], append: [] },
        },
      },
    ],
    ['an immediate response without a status', { kind: 'immediate', response: blocked(0, 'tiergate_x') }],
  ] as const)('in %s', (_name, effect) => {
    const { bench, loop } = run((event) => (event.kind === 'headers' ? [effect] : []));
    loop.message(first);
    expectInternal(bench, 'message');
    expect(bench.stream.sent).toEqual([]);
  });

  it('in a reply after the immediate response', () => {
    const { bench, loop } = run(() => [
      { kind: 'immediate', response: blocked(403, 'tiergate_x') },
      { kind: 'reply', reply: { kind: 'headers', direction: 'request' } },
    ]);
    loop.message(first);
    expectInternal(bench, 'message');
    expect(bench.stream.cases).toEqual(['immediateResponse']);
  });

  it('in the observer of decisions', () => {
    const { bench, loop } = run(() => [{ kind: 'decision', decision: {} as never }]);
    bench.observer.decision = explode;
    loop.message(first);
    expectInternal(bench, 'message');
  });

  it('in the stream, when something is sent', () => {
    const { bench, loop } = run(keepAll);
    bench.stream.send = explode;
    loop.message(first);
    expectInternal(bench, 'message');
  });

  it('in a drain', () => {
    const { bench, loop } = run(keepAll);
    bench.stream.resume = explode;
    loop.message(first);
    loop.drained();
    expectInternal(bench, 'drain');
  });

  it('in the reply to an overload', () => {
    const { bench, loop } = run((event, held) =>
      event.kind === 'overloaded' ? explode() : keepAll(event, held),
    );
    loop.message(first);
    loop.overloaded();
    expectInternal(bench, 'overload');
  });

  it('in the stream, when it is ended, and leaves nothing held', () => {
    const { bench, loop } = run((event, held) => {
      if (event.kind === 'headers') held.take(10);
      return [{ kind: 'misconfigured', text: 'set something' }];
    });
    bench.stream.end = explode;
    loop.message(first);
    expect(bench.observer.ends).toEqual(['fault']);
    expect(bench.held.held).toBe(0);
  });

  it('in the timer behind an immediate response', () => {
    const { bench, loop } = run(() => [{ kind: 'immediate', response: blocked(403, 'tiergate_x') }]);
    loop.message(first);
    const end = bench.stream.end.bind(bench.stream);
    bench.stream.end = (status) => {
      bench.stream.end = end;
      if (status.code !== 13) explode();
      end(status);
    };
    bench.timers[0]?.callback();
    expectInternal(bench, 'timer');
  });

  it.each([
    ['at once', { decode: explode }, 'message'],
    ['late', { decode: async () => explode() }, 'decode'],
  ] as const satisfies readonly (readonly [string, ContentDecoder, string])[])(
    'in the decoder, %s',
    async (_when, decoder, place) => {
      const { bench, loop } = run(decodeOnBody, { decoder });
      loop.message(first);
      loop.message(request(body('request', 'xx', true)));
      await Promise.resolve();
      await Promise.resolve();
      expectInternal(bench, place);
    },
  );

  it('in the exchange, at the late result of a decoding', async () => {
    const decoder: ContentDecoder = {
      decode: async (_job, held) => {
        held.take(4);
        return { ok: true, bytes: Buffer.alloc(4) };
      },
    };
    const { bench, loop } = run(
      (event, held) => (event.kind === 'decoded' ? explode() : decodeOnBody(event, held)),
      { decoder },
    );
    loop.message(first);
    loop.message(request(body('request', 'xx', true)));
    await Promise.resolve();
    await Promise.resolve();
    expectInternal(bench, 'decode');
  });

  it('in the transport', () => {
    const { bench, loop } = run(keepAll);
    loop.message(first);
    loop.failed(new Error(secret), 'decode message');
    expectInternal(bench, 'decode message');
  });

  it('in the exchange, when Envoy has ended its half', () => {
    const { bench, loop } = run((event, held) => (event.kind === 'ended' ? explode() : keepAll(event, held)));
    loop.message(first);
    loop.halfClosed();
    expect(bench.stream.ends.map((end) => end.code)).toEqual([13]);
    expect(bench.observer.faults.map((fault) => fault.place)).toEqual(['half-close']);
  });

  it('in the exchange, when Envoy has reset the stream', () => {
    const { bench, loop } = run((event, held) => {
      if (event.kind === 'headers') held.take(10);
      return event.kind === 'ended' ? explode() : keepAll(event, held);
    });
    loop.message(first);
    loop.cancelled();
    expect(bench.observer.faults.map((fault) => fault.place)).toEqual(['cancel']);
    expect(bench.held.held).toBe(0);
  });
});

describe('the report of a fault', () => {
  it('cannot get out of the guard by failing itself', () => {
    const { bench, loop } = run(explode);
    bench.observer.fault = explode;
    expect(() => loop.message(first)).not.toThrow();
    expect(bench.stream.ends.map((end) => end.code)).toEqual([13]);
    expect(bench.observer.ends).toEqual(['fault']);
  });

  it('names the exchange', () => {
    const { bench, loop } = run(explode);
    loop.message(first);
    expect(bench.observer.faults[0]?.streamId).toBe('0123456789abcdef0123456789abcdef');
  });
});

describe('a fault leaves other streams alone', () => {
  it('when two run side by side', () => {
    const broken = run(explode);
    const whole = run(keepAll);
    broken.loop.message(first);
    whole.loop.message(first);
    expect(broken.bench.stream.ends[0]?.code).toBe(13);
    expect(whole.bench.stream.ends).toEqual([]);
    expect(whole.bench.stream.cases).toEqual(['requestHeaders']);
  });
});

import { describe, expect, it } from 'vitest';
import { openStream } from '../../src/extproc/stream.ts';
import {
  Bench,
  blocked,
  body,
  emptyDecision,
  headers,
  keepAll,
  modes,
  protocol,
  request,
  type Script,
  trailers,
} from './support.ts';

const post = { ':method': 'POST', ':path': '/v1/responses' };

describe('a BUFFERED request', () => {
  it('becomes events of one exchange, and its effects become replies', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    bench.stream.metadata = new Map([['x-tiergate-scope', 'team']]);
    loop.message(request(headers('request', post), protocol(modes.buffered)));
    loop.message(request(body('request', '{}', true)));
    expect(bench.openings).toEqual([
      {
        id: '0123456789abcdef0123456789abcdef',
        time: 1_700_000_000_000,
        metadata: new Map([['x-tiergate-scope', 'team']]),
        modes: { request: 'BUFFERED', response: 'NONE', sendBodyWithoutWaiting: false },
      },
    ]);
    expect(bench.events.map((event) => event.kind)).toEqual(['headers', 'body']);
    expect(bench.stream.cases).toEqual(['requestHeaders', 'requestBody']);
    expect(bench.observer.openedCount).toBe(1);
  });

  it('takes both directions in any order', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request', post), protocol(modes.streamed, modes.streamed)));
    loop.message(request(headers('response', { ':status': '200' })));
    loop.message(request(body('request', 'a')));
    loop.message(request(body('response', 'b', true)));
    loop.message(request(trailers('request')));
    expect(bench.stream.cases).toEqual([
      'requestHeaders',
      'responseHeaders',
      'requestBody',
      'responseBody',
      'requestTrailers',
    ]);
  });

  it('reports decisions, wherever they stand among the effects', () => {
    const bench = new Bench(() => [
      { kind: 'immediate', response: blocked(403, 'tiergate_policy_violation') },
      { kind: 'decision', decision: emptyDecision },
    ]);
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request', post, true), protocol(modes.buffered)));
    expect(bench.stream.cases).toEqual(['immediateResponse']);
    expect(bench.observer.decisions).toEqual([emptyDecision]);
    expect(bench.observer.faults).toEqual([]);
  });
});

describe('the end of a stream', () => {
  it('is OK after the half-close of Envoy, and never before', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request', post, true), protocol(modes.buffered)));
    expect(bench.stream.ends).toEqual([]);
    loop.halfClosed();
    expect(bench.stream.ends).toEqual([{ code: 0, details: '' }]);
    expect(bench.observer.ends).toEqual(['half_closed']);
  });

  it('is told to the exchange exactly once, however many ends come', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request', post), protocol(modes.buffered)));
    loop.halfClosed();
    loop.cancelled();
    loop.failed(new Error('late'), 'error');
    loop.halfClosed();
    expect(bench.endedEvents).toBe(1);
    expect(bench.observer.ends).toEqual(['half_closed']);
    expect(bench.stream.ends).toHaveLength(1);
  });

  it('is a normal one at a cancel, before and after the first message', () => {
    for (const messages of [0, 1]) {
      const bench = new Bench(keepAll);
      const loop = openStream(bench.stream, bench.environment);
      if (messages === 1) loop.message(request(headers('request', post), protocol(modes.buffered)));
      loop.cancelled();
      expect(bench.observer.ends).toEqual(['cancelled']);
      expect(bench.observer.faults).toEqual([]);
      expect(bench.endedEvents).toBe(messages);
    }
  });

  it('gives back what the exchange holds, whether or not the exchange does', () => {
    for (const tidy of [true, false]) {
      const bench = new Bench((event, held) => {
        if (event.kind === 'headers') held.take(500);
        if (event.kind === 'ended' && tidy) held.give(500);
        return [];
      });
      const loop = openStream(bench.stream, bench.environment);
      loop.message(request(headers('request', post), protocol(modes.buffered)));
      expect(bench.held.held).toBe(500);
      loop.cancelled();
      expect(bench.held.held).toBe(0);
    }
  });

  it('lets the exchange record a decision, and send nothing', () => {
    const bench = new Bench((event) =>
      event.kind === 'ended'
        ? [
            { kind: 'reply', reply: { kind: 'headers', direction: 'request' } },
            { kind: 'decision', decision: emptyDecision },
          ]
        : [],
    );
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request', post), protocol(modes.buffered)));
    loop.cancelled();
    expect(bench.stream.sent).toEqual([]);
    expect(bench.observer.decisions).toEqual([emptyDecision]);
  });

  it('makes later messages count for nothing', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    loop.cancelled();
    loop.message(request(headers('request', post), protocol(modes.buffered)));
    expect(bench.events).toEqual([]);
  });
});

describe('an immediate response', () => {
  function answered(): { bench: Bench; loop: ReturnType<typeof openStream> } {
    const bench = new Bench(() => [
      { kind: 'immediate', response: blocked(403, 'tiergate_policy_violation') },
    ]);
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request', post), protocol(modes.buffered)));
    return { bench, loop };
  }

  it('leaves the stream open until Envoy ends it, and nothing follows it', () => {
    const { bench, loop } = answered();
    loop.message(request(body('request', '{}', true)));
    loop.overloaded();
    expect(bench.stream.cases).toEqual(['immediateResponse']);
    expect(bench.stream.ends).toEqual([]);
    loop.halfClosed();
    expect(bench.stream.ends).toEqual([{ code: 0, details: '' }]);
    expect(bench.timers.map((timer) => timer.cancelled)).toEqual([true]);
  });

  it('ends with UNAVAILABLE where the peer leaves the stream open', () => {
    const { bench } = answered();
    expect(bench.timers.map((timer) => timer.ms)).toEqual([30_000]);
    bench.timers[0]?.callback();
    expect(bench.stream.ends.map((end) => end.code)).toEqual([14]);
    expect(bench.observer.ends).toEqual(['unavailable']);
    expect(bench.endedEvents).toBe(1);
  });
});

describe('full duplex', () => {
  it('ignores a repeated end of stream', () => {
    const bench = new Bench((event) => {
      if (event.kind !== 'body' || !event.endOfStream) return [];
      const direction = event.direction;
      return [
        { kind: 'reply', reply: { kind: 'headers', direction } },
        { kind: 'reply', reply: { kind: 'chunk', direction, bytes: event.bytes, endOfStream: true } },
      ];
    });
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request', post), protocol(modes.duplex)));
    loop.message(request(body('request', 'a')));
    loop.message(request(body('request', '', true)));
    loop.message(request(body('request', '', true)));
    expect(bench.stream.cases).toEqual(['requestHeaders', 'requestBody']);
    expect(bench.events).toHaveLength(3);
    expect(bench.observer.faults).toEqual([]);
  });
});

describe('back-pressure', () => {
  const size = 50_000;
  /** Holds the body until its end, then lets it go with the reply. */
  const holdThenReplace: Script = (event, held) => {
    if (event.kind !== 'body') return keepAll(event, held);
    held.take(size);
    held.give(size);
    const bytes = Buffer.alloc(size);
    return [
      { kind: 'reply', reply: { kind: 'body', direction: 'request', body: { kind: 'replace', bytes } } },
    ];
  };

  it('counts the bytes of replies as held until the peer has taken them', () => {
    const bench = new Bench(holdThenReplace);
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request', post), protocol(modes.streamed)));
    loop.message(request(body('request', 'a')));
    loop.message(request(body('request', 'b')));
    expect(bench.held.held).toBe(2 * size);
    bench.stream.onSent[0]?.();
    expect(bench.held.held).toBe(size);
    loop.cancelled();
    expect(bench.held.held).toBe(0);
    bench.stream.onSent[1]?.();
    expect(bench.held.held).toBe(0);
    expect(bench.observer.faults).toEqual([]);
  });

  it('stops reading when the peer takes no more, until it does', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    bench.stream.takesMore = false;
    loop.message(request(headers('request', post), protocol(modes.streamed)));
    expect(bench.stream.paused).toBe(true);
    loop.drained();
    expect(bench.stream.paused).toBe(false);
  });

  it('does not read on after the end', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    bench.stream.takesMore = false;
    loop.message(request(headers('request', post), protocol(modes.streamed)));
    loop.cancelled();
    loop.drained();
    expect(bench.stream.paused).toBe(true);
  });
});

describe('limits.held_total reached while a message is on its way', () => {
  it('is answered where the stream is known', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request', post), protocol(modes.buffered)));
    loop.overloaded();
    expect(bench.stream.cases).toEqual(['requestHeaders', 'immediateResponse']);
    expect(bench.observer.overloadedCount).toBe(1);
    loop.halfClosed();
    expect(bench.observer.ends).toEqual(['half_closed']);
  });

  it('is for the exchange to answer and to record, once', () => {
    const decision = { ...emptyDecision, code: 'overloaded' };
    const bench = new Bench((event, held) =>
      event.kind === 'overloaded'
        ? [...keepAll(event, held), { kind: 'decision', decision }]
        : keepAll(event, held),
    );
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request', post), protocol(modes.buffered)));
    loop.overloaded();
    loop.overloaded();
    expect(bench.events.map(({ kind }) => kind)).toEqual(['headers', 'overloaded']);
    expect(bench.observer.decisions).toEqual([decision]);
  });

  it('ends with UNAVAILABLE where the exchange has no answer', () => {
    const bench = new Bench((event, held) => (event.kind === 'overloaded' ? [] : keepAll(event, held)));
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request', post), protocol(modes.buffered)));
    loop.overloaded();
    expect(bench.stream.ends.map((end) => end.code)).toEqual([14]);
    expect(bench.observer.ends).toEqual(['unavailable']);
  });

  it('ends with UNAVAILABLE where Envoy made the answer itself', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    loop.message(
      request(headers('response', { ':status': '429' }), protocol(modes.buffered, modes.streamed)),
    );
    loop.overloaded();
    expect(bench.events).toEqual([]);
    expect(bench.stream.ends.map((end) => end.code)).toEqual([14]);
  });

  it('ends with UNAVAILABLE where it is the first message', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    loop.overloaded();
    expect(bench.stream.ends.map((end) => end.code)).toEqual([14]);
    expect(bench.observer.ends).toEqual(['unavailable']);
  });
});

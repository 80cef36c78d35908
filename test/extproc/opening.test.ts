import { describe, expect, it } from 'vitest';
import { openStream } from '../../src/extproc/stream.ts';
import { Bench, body, headers, keepAll, modes, protocol, request, trailers } from './support.ts';

describe('a misconfigured Envoy', () => {
  it.each([
    ['no protocol_config', {}],
    ['observability_mode', { observabilityMode: true }],
    ['observability_mode with modes', { observabilityMode: true, ...protocol(modes.buffered) }],
    [
      'a body mode that is not known',
      {
        protocolConfig: {
          requestBodyMode: 9 as never,
          responseBodyMode: 0,
          sendBodyWithoutWaitingForHeaderResponse: false,
        },
      },
    ],
  ] as const)('is told so with FAILED_PRECONDITION: %s', (_name, more) => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request'), more));
    expect(bench.stream.ends.map((end) => end.code)).toEqual([9]);
    expect(bench.stream.ends[0]?.details).toContain('observability_mode to false');
    expect(bench.stream.sent).toEqual([]);
    expect(bench.openings).toEqual([]);
    expect(bench.observer.ends).toEqual(['misconfigured']);
    expect(bench.observer.misconfigurations).toEqual([bench.stream.ends[0]?.details]);
    expect(bench.observer.faults).toEqual([]);
  });

  it('is told so by the exchange, in its words', () => {
    const text = 'set processing_mode.request_header_mode to SEND';
    const bench = new Bench((event) => (event.kind === 'ended' ? [] : [{ kind: 'misconfigured', text }]));
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(body('request', '{}', true), protocol(modes.buffered)));
    expect(bench.stream.ends).toEqual([{ code: 9, details: text }]);
    expect(bench.endedEvents).toBe(1);
  });
});

describe('a stream that begins with the headers of an answer', () => {
  it('gets an empty reply and no exchange', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('response', { ':status': '413' }, true), protocol(modes.buffered)));
    expect(bench.openings).toEqual([]);
    expect(bench.stream.sent.map((message) => message.response)).toEqual([
      { $case: 'responseHeaders', value: { response: undefined } },
    ]);
    loop.halfClosed();
    expect(bench.stream.ends).toEqual([{ code: 0, details: '' }]);
  });

  it('is misconfigured as soon as something of a request comes behind it: that was never judged', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    loop.message(
      request(headers('response', { ':status': '200' }), protocol(modes.streamed, modes.streamed)),
    );
    loop.message(request(body('request', '{"service_tier":"priority"}')));
    expect(bench.stream.cases).toEqual(['responseHeaders']);
    expect(bench.stream.ends.map(({ code }) => code)).toEqual([9]);
    expect(bench.stream.ends[0]?.details).toContain('request_header_mode to SEND');
  });

  it.each([
    ['the status of an upgrade', { ':status': '101' }, {}],
    ['an attribute', { ':status': '200' }, { "request.headers['upgrade']": 'websocket' }],
  ])('is for the factory where it may belong to a socket: %s', (_name, lines, fields) => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    const attributes = new Map([['envoy.filters.http.ext_proc', fields]]);
    loop.message(
      request(headers('response', lines), { ...protocol(modes.streamed, modes.streamed), attributes }),
    );
    expect(bench.openings).toHaveLength(1);
  });

  it('goes on unchanged in one-to-one modes', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('response'), protocol(modes.buffered, modes.streamed)));
    loop.message(request(body('response', 'Payload Too Large')));
    loop.message(request(trailers('response')));
    expect(bench.stream.cases).toEqual(['responseHeaders', 'responseBody', 'responseTrailers']);
    expect(bench.stream.sent[1]?.response?.value).toEqual({ response: undefined });
    expect(bench.observer.faults).toEqual([]);
  });

  it('goes on unchanged in full duplex, in chunks of at most 64 KiB', () => {
    const bench = new Bench(keepAll);
    const loop = openStream(bench.stream, bench.environment);
    const bytes = Buffer.alloc(150_000, 'x');
    loop.message(request(headers('response'), protocol(modes.buffered, modes.duplex)));
    loop.message(request(body('response', bytes)));
    loop.message(request(body('response', '', true)));
    const chunks = bench.stream.sent.slice(1).map((message) => {
      const mutation =
        message.response?.$case === 'responseBody'
          ? message.response.value.response?.bodyMutation?.mutation
          : undefined;
      if (mutation?.$case !== 'streamedResponse') throw new Error('not a streamed_response');
      return mutation.value;
    });
    expect(Buffer.concat(chunks.map((chunk) => chunk.body)).equals(bytes)).toBe(true);
    expect(Math.max(...chunks.map((chunk) => chunk.body.length))).toBe(65_536);
    expect(chunks.map((chunk) => chunk.endOfStream)).toEqual([false, false, false, true]);
  });
});

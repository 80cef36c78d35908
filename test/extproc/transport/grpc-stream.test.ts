import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openStream } from '../../../src/extproc/stream.ts';
import { serveCall } from '../../../src/extproc/transport/grpc-stream.ts';
import {
  ProcessingRequest,
  ProcessingResponse,
} from '../../../src/gen/envoy/service/ext_proc/v3/external_processor.ts';
import { Bench, body, headers, keepAll, modes, protocol, request, type Script } from '../support.ts';

/** What `serveCall` uses of an HTTP/2 stream, and what was done with it. */
class FakeHttp2 extends Duplex {
  readonly responded: Record<string, unknown>[] = [];
  readonly frames: Buffer[] = [];
  readonly trailers: Record<string, unknown>[] = [];
  /** Bytes that were taken by a listener. */
  taken = 0;
  /** While it is set nothing is written. */
  stalled = false;
  #written: (() => void)[] = [];

  respond(response: Record<string, unknown>): void {
    this.responded.push(response);
  }

  sendTrailers(trailers: Record<string, unknown>): void {
    this.trailers.push(trailers);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.frames.push(chunk);
    if (this.stalled) this.#written.push(done);
    else done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer', done);
  }

  override _final(done: () => void): void {
    this.emit('wantTrailers');
    done();
  }

  /** Lets go on what was stalled. */
  flow(): void {
    this.stalled = false;
    for (const done of this.#written.splice(0)) done();
  }

  /** The members of the responses that were written. */
  get cases(): (string | undefined)[] {
    return this.frames.map((frame) => ProcessingResponse.decode(frame.subarray(5)).response?.$case);
  }
}

function framed(message: ProcessingRequest): Buffer {
  const bytes = ProcessingRequest.encode(message).finish();
  return Buffer.concat([head(bytes.length), bytes]);
}

/** The head of a message of so many bytes. */
function head(length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

const first = framed(request(headers('request'), protocol(modes.buffered)));

function start(script: Script = keepAll, limit = 100_000): { bench: Bench; http2: FakeHttp2 } {
  const bench = new Bench(script, {}, limit);
  const http2 = new FakeHttp2();
  const open = (stream: Parameters<typeof openStream>[0]) => openStream(stream, bench.environment);
  serveCall(http2 as never, {}, { open, held: bench.held, maxMessageBytes: 1_000_000 });
  return { bench, http2 };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

async function push(http2: FakeHttp2, ...chunks: readonly (Buffer | null)[]): Promise<void> {
  for (const chunk of chunks) http2.push(chunk);
  await settled();
}

describe('a message over limits.held_total', () => {
  it('is answered, and its bytes are dropped instead of put together', async () => {
    const { bench, http2 } = start();
    await push(http2, first, head(200_000));
    expect(http2.cases).toEqual(['requestHeaders', 'immediateResponse']);
    await push(http2, Buffer.alloc(100_000), Buffer.alloc(100_000), first);
    expect(http2.frames).toHaveLength(2);
    expect(http2.readableLength).toBe(0);
    expect(bench.held.held).toBe(0);
  });

  it('is answered when the message before it was seen, so that it is known what it belongs to', async () => {
    const { bench, http2 } = start();
    await push(http2, Buffer.concat([first, head(200_000), Buffer.alloc(10)]));
    expect(http2.cases).toEqual(['requestHeaders', 'immediateResponse']);
    expect(bench.observer.overloadedCount).toBe(1);
    expect(bench.observer.faults).toEqual([]);
  });

  it('is answered when it came in pieces, its head too', async () => {
    const { bench, http2 } = start();
    const [start1, start2] = [head(200_000).subarray(0, 3), head(200_000).subarray(3)];
    await push(http2, first, start1, start2, Buffer.alloc(100_000));
    expect(http2.cases).toEqual(['requestHeaders', 'immediateResponse']);
    expect(bench.observer.overloadedCount).toBe(1);
  });
});

describe('a slow reader', () => {
  it('gets one message at a time, and each reply once', async () => {
    const bytes = Buffer.alloc(1_200_000);
    const { bench, http2 } = start((event) =>
      event.kind === 'headers'
        ? [{ kind: 'reply', reply: { kind: 'headers', direction: 'request' } }]
        : event.kind === 'body'
          ? [
              {
                kind: 'reply',
                reply: { kind: 'body', direction: 'request', body: { kind: 'replace', bytes } },
              },
            ]
          : [],
    );
    const messages = ['a', 'b', 'c'].map((text) => framed(request(body('request', text))));
    http2.stalled = true;
    await push(http2, Buffer.concat([first, ...messages]));
    // The first body takes the queue over its mark; the other two wait although they have come.
    expect(bench.events).toHaveLength(2);
    http2.flow();
    await expect.poll(() => bench.events.length, { timeout: 5_000 }).toBe(4);
    expect(http2.cases).toEqual(['requestHeaders', 'requestBody', 'requestBody', 'requestBody']);
    await push(http2, null);
    expect(http2.trailers).toEqual([{ 'grpc-status': '0' }]);
  });
});

describe('the end of a call', () => {
  it('comes with trailers alone where nothing was answered', async () => {
    const { http2 } = start(() => [{ kind: 'misconfigured', text: '100 % wrong' }]);
    await push(http2, first);
    expect(http2.responded).toEqual([
      expect.objectContaining({ ':status': 200, 'grpc-status': '9', 'grpc-message': '100 %25 wrong' }),
    ]);
    expect(http2.frames).toEqual([]);
  });

  it('is heard once, and nothing is said to a peer that is gone', async () => {
    const { bench, http2 } = start();
    await push(http2, first);
    http2.destroy(new Error('reset'));
    await settled();
    expect(bench.observer.ends).toEqual(['cancelled']);
    expect(bench.observer.faults).toEqual([]);
    expect(http2.trailers).toEqual([]);
  });

  it('comes with INTERNAL at whatever is thrown in a callback', async () => {
    const { bench, http2 } = start();
    http2.respond = () => {
      throw new Error('broken');
    };
    await push(http2, first);
    expect(bench.observer.ends).toEqual(['fault']);
    expect(bench.observer.faults).toHaveLength(1);
  });
});

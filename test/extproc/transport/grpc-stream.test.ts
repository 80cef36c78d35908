import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { openStream } from '../../../src/extproc/stream.ts';
import { type ProcessCall, serveCall } from '../../../src/extproc/transport/grpc-stream.ts';
import {
  ProcessingRequest,
  type ProcessingResponse,
} from '../../../src/gen/envoy/service/ext_proc/v3/external_processor.ts';
import { Bench, headers, keepAll, modes, protocol, request } from '../support.ts';

/** What `serveCall` uses of a grpc-js call. */
class FakeCall extends EventEmitter {
  readonly metadata = new Metadata();
  readonly written: ProcessingResponse[] = [];

  write(message: ProcessingResponse): boolean {
    this.written.push(message);
    return true;
  }

  end(): void {}
  pause(): void {}
  resume(): void {}
}

function start(limit: number): { bench: Bench; call: FakeCall; http2: PassThrough; assembled: () => number } {
  const bench = new Bench(keepAll, {}, limit);
  const call = new FakeCall();
  const http2 = new PassThrough();
  let assembled = 0;
  http2.on('data', (bytes: Buffer) => {
    assembled += bytes.length;
  });
  const open = (stream: Parameters<typeof openStream>[0]) => openStream(stream, bench.environment);
  serveCall(call as unknown as ProcessCall, http2 as never, open, bench.held);
  return { bench, call, http2, assembled: () => assembled };
}

const firstMessage = Buffer.from(
  ProcessingRequest.encode(request(headers('request'), protocol(modes.buffered))).finish(),
);

/** The head of a message of so many bytes. */
function head(length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

describe('a message over limits.held_total', () => {
  it('is answered, and its bytes are dropped instead of assembled', async () => {
    const { bench, call, http2, assembled } = start(100_000);
    call.emit('data', firstMessage);
    http2.write(head(200_000));
    await new Promise((resolve) => setImmediate(resolve));
    const before = assembled();
    http2.write(Buffer.alloc(100_000));
    http2.write(Buffer.alloc(100_000));
    await new Promise((resolve) => setImmediate(resolve));
    expect(call.written.map((message) => message.response?.$case)).toEqual([
      'requestHeaders',
      'immediateResponse',
    ]);
    expect(assembled()).toBe(before);
    expect(http2.readableLength).toBe(0);
    expect(bench.held.held).toBe(0);
  });
});

describe('callbacks of the transport', () => {
  it('throw nothing and end their stream, whatever is thrown in them', () => {
    const { bench, call } = start(100_000);
    call.emit('data', firstMessage);
    call.pause = () => {
      throw new Error('broken');
    };
    call.write = () => false;
    const ends: unknown[] = [];
    call.on('error', (end: { code: number }) => ends.push(end.code));
    const body = request({
      $case: 'requestBody',
      value: { body: Buffer.from('{}'), endOfStream: true, endOfStreamWithoutMessage: false },
    });
    call.emit('data', Buffer.from(ProcessingRequest.encode(body).finish()));
    expect(ends).toEqual([13]);
    expect(bench.observer.ends).toEqual(['fault']);
  });

  it('report an error of the call, but not the one that ends it', () => {
    const { bench, call } = start(100_000);
    call.emit('data', firstMessage);
    const ends: unknown[] = [];
    call.on('error', (end: { code?: number }) => ends.push(end.code));
    call.emit('error', new Error('write failed'));
    expect(ends).toEqual([13, undefined]);
    expect(bench.observer.faults.map((fault) => fault.place)).toEqual(['error']);
    call.emit('cancelled');
    expect(bench.endedEvents).toBe(1);
  });
});

import { type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { expect, it, onTestFinished } from 'vitest';
import type { OpenStream } from '../../../src/extproc/message-stream.ts';
import { openStream } from '../../../src/extproc/stream.ts';
import { ProcessingRequest } from '../../../src/gen/envoy/service/ext_proc/v3/external_processor.ts';
import { headers, modes, protocol, request } from '../support.ts';
import { serve } from './support.ts';

/** gRPC over HTTP/2 as the wire has it: what clients of the usual libraries do not send. */

const path = '/envoy.service.ext_proc.v3.ExternalProcessor/Process';
const grpc = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };

function call(address: string, lines: Record<string, string>): ClientHttp2Stream {
  const session = connect(`http://${address}`);
  onTestFinished(() => session.destroy());
  return session.request(lines);
}

/** How a stream was answered: the response headers, or the trailers where some came. */
function answer(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  return new Promise((resolve, reject) => {
    let response: IncomingHttpHeaders = {};
    stream.on('response', (lines) => {
      response = lines;
    });
    stream.on('trailers', (lines) => {
      response = { ...response, ...lines };
    });
    stream.on('error', reject);
    stream.on('end', () => resolve(response));
    stream.resume();
  });
}

function frame(flag: number): Buffer {
  const bytes = ProcessingRequest.encode(request(headers('request'), protocol(modes.buffered))).finish();
  const head = Buffer.alloc(5, flag);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

it('answers, and ends OK at the half-close', async () => {
  const { bench, server } = await serve();
  const stream = call(server.address, { ...grpc, 'x-tiergate-scope': 'team-a', 'x-odd-bin': 'AAAA' });
  stream.end(frame(0));
  expect(await answer(stream)).toMatchObject({
    ':status': 200,
    'content-type': 'application/grpc+proto',
    'grpc-status': '0',
  });
  const { metadata } = bench.openings[0] ?? {};
  expect([...(metadata ?? [])]).toEqual([['x-tiergate-scope', 'team-a']]);
});

it('ends with UNIMPLEMENTED at a compressed message', async () => {
  const { bench, server } = await serve();
  const stream = call(server.address, { ...grpc, 'grpc-encoding': 'gzip' });
  stream.write(frame(1));
  expect(await answer(stream)).toMatchObject({ 'grpc-status': '12', 'grpc-accept-encoding': 'identity' });
  expect(bench.openings).toEqual([]);
  expect(bench.observer.ends).toEqual(['cancelled']);
});

it('ends with DEADLINE_EXCEEDED when the time of the call is over, before or behind a reply', async () => {
  const { bench, server } = await serve();
  const silent = call(server.address, { ...grpc, 'grpc-timeout': '50m' });
  expect(await answer(silent)).toMatchObject({ 'grpc-status': '4' });
  const answered = call(server.address, { ...grpc, 'grpc-timeout': '50m' });
  answered.write(frame(0));
  expect(await answer(answered)).toMatchObject({ 'grpc-status': '4' });
  expect(bench.observer.ends).toEqual(['cancelled', 'cancelled']);
  expect(bench.observer.faults).toEqual([]);
});

it('ends with INTERNAL at a malformed grpc-timeout', async () => {
  const { server } = await serve();
  const stream = call(server.address, { ...grpc, 'grpc-timeout': 'soon' });
  expect(await answer(stream)).toMatchObject({ 'grpc-status': '13' });
});

it('refuses what is no gRPC, and leaves other methods to their services', async () => {
  const { server } = await serve();
  const plain = call(server.address, { ...grpc, 'content-type': 'application/json' });
  expect(await answer(plain)).toMatchObject({ ':status': 415 });
  const unknown = call(server.address, { ...grpc, ':path': `${path}Other` });
  expect(await answer(unknown)).toMatchObject({ 'grpc-status': '12' });
});

it('survives a fault at the opening of a stream', async () => {
  let open: OpenStream = () => {
    throw new Error('broken');
  };
  const { bench, server } = await serve(undefined, { open: (stream) => open(stream) });
  await expect(answer(call(server.address, grpc))).rejects.toThrow('NGHTTP2_INTERNAL_ERROR');
  expect(bench.observer.faults.map(({ place }) => place)).toEqual(['open']);
  open = (stream) => openStream(stream, bench.environment);
  const next = call(server.address, grpc);
  next.end(frame(0));
  expect(await answer(next)).toMatchObject({ 'grpc-status': '0' });
});

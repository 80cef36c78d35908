import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  ProcessingRequest,
  ProcessingResponse,
} from '../../../src/gen/envoy/service/ext_proc/v3/external_processor.ts';
import { headers, modes, protocol, request } from '../support.ts';

const MiB = 1024 * 1024;
const bodyBytes = 32 * MiB;
const heldTotal = 256 * MiB;

describe('200 bodies of 32 MiB without a content-length at once', () => {
  it('end in verdicts or 503s, within limits.held_total', { timeout: 60_000 }, async () => {
    const { child, lines } = startServer();
    const address = await lines.next();
    const session = connect(`http://${address.value}`, { maxSessionMemory: 1_000 });
    onTestFinished(() => session.destroy());
    const answers = await Promise.all(Array.from({ length: 200 }, () => sendBody(session)));
    child.stdin.end();
    const report = JSON.parse((await lines.next()).value) as Record<string, number>;
    expect(new Set(answers)).toEqual(new Set(['requestBody', 'immediateResponse 503']));
    expect(report).toMatchObject({
      held: 0,
      faults: 0,
      overloaded: answers.filter((answer) => answer !== 'requestBody').length,
    });
    expect(report['peak']).toBeLessThanOrEqual(heldTotal);
    // The parts of a message and the whole of it exist at once for a moment, one message at a time.
    expect(report['peakMemory']).toBeLessThan(heldTotal + 512 * MiB);
  });
});

function startServer(): { child: ChildProcessWithoutNullStreams; lines: AsyncIterator<string> } {
  const script = fileURLToPath(new URL('admission-server.ts', import.meta.url));
  const child = spawn(process.execPath, [script, String(heldTotal / MiB)]);
  child.stderr.pipe(process.stderr);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

/** Sends headers and, after their reply, a body from shared memory; says how it was answered. */
async function sendBody(session: ClientHttp2Session): Promise<string> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/envoy.service.ext_proc.v3.ExternalProcessor/Process',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  const replies = messages(stream);
  stream.write(
    framed(ProcessingRequest.encode(request(headers('request'), protocol(modes.buffered))).finish()),
  );
  await replies.next();
  void writeBody(stream);
  const { response } = (await replies.next()).value ?? { response: undefined };
  stream.close(constants.NGHTTP2_CANCEL);
  if (response?.$case !== 'immediateResponse') return response?.$case ?? 'nothing';
  return `immediateResponse ${response.value.status?.code}`;
}

const piece = Buffer.alloc(MiB, 'x');

/** `ProcessingRequest.request_body` with one `body` field, by hand: the tags, and the lengths as varints of 4 bytes. */
async function writeBody(stream: ClientHttp2Stream): Promise<void> {
  const inner = Buffer.from([0x0a, ...varint(bodyBytes)]);
  const outer = Buffer.from([0x22, ...varint(inner.length + bodyBytes)]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(outer.length + inner.length + bodyBytes, 1);
  stream.write(Buffer.concat([head, outer, inner]));
  const closed = once(stream, 'close');
  for (let sent = 0; sent < bodyBytes && !stream.destroyed; sent += piece.length) {
    if (!stream.write(piece)) await Promise.race([once(stream, 'drain'), closed]);
  }
}

function varint(value: number): number[] {
  return [(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, ((value >> 14) & 0x7f) | 0x80, value >> 21];
}

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

async function* messages(stream: ClientHttp2Stream): AsyncGenerator<ProcessingResponse> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const end = 5 + bytes.readUInt32BE(1);
      yield ProcessingResponse.decode(bytes.subarray(5, end));
      bytes = bytes.subarray(end);
    }
  }
}

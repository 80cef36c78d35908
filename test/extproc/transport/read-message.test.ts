import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, decodeModes, type IncomingMessage } from '../../../src/extproc/decode.ts';
import { readMessage } from '../../../src/extproc/transport/read-message.ts';
import { ProcessingRequest } from '../../../src/gen/envoy/service/ext_proc/v3/external_processor.ts';
import { body, headers, modes, protocol, request, trailers } from '../support.ts';

/** What the loop makes of a message; bytes as text, so that they compare. */
function meaning(read: () => IncomingMessage): unknown {
  try {
    const message = read();
    const event = decodeMessage(message);
    const plain = 'bytes' in event ? { ...event, bytes: Buffer.from(event.bytes).toString('latin1') } : event;
    return { event: plain, modes: decodeModes(message) };
  } catch {
    return 'a fault';
  }
}

function expectSame(bytes: Buffer): void {
  expect(meaning(() => readMessage(bytes))).toEqual(meaning(() => ProcessingRequest.decode(bytes)));
}

function encoded(message: ProcessingRequest): Buffer {
  return Buffer.from(ProcessingRequest.encode(message).finish());
}

const line = fc.record({
  key: fc.oneof(fc.constantFrom(':path', 'x-a', 'X-Upper', 'ä', '', 'a b'), fc.string()),
  value: fc.oneof({ weight: 9, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.string() }),
  rawValue: fc.uint8Array({ maxLength: 300 }),
});
const config = fc.record({
  requestBodyMode: fc.nat(6),
  responseBodyMode: fc.nat(200),
  sendBodyWithoutWaitingForHeaderResponse: fc.boolean(),
}) as fc.Arbitrary<NonNullable<ProcessingRequest['protocolConfig']>>;
const member: fc.Arbitrary<ProcessingRequest['request']> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('requestHeaders' as const, 'responseHeaders' as const),
      fc.array(line),
      fc.boolean(),
      fc.boolean(),
    )
    .map(([$case, list, endOfStream, some]) => ({
      $case,
      value: { headers: some ? { headers: list } : undefined, endOfStream },
    })),
  fc
    .tuple(
      fc.constantFrom('requestBody' as const, 'responseBody' as const),
      fc.uint8Array({ maxLength: 300 }),
      fc.boolean(),
      fc.boolean(),
    )
    .map(([$case, bytes, endOfStream, endOfStreamWithoutMessage]) => ({
      $case,
      value: { body: bytes, endOfStream, endOfStreamWithoutMessage },
    })),
  fc.constantFrom(trailers('request'), undefined),
);
const message = fc
  .record({
    member,
    protocolConfig: fc.option(config, { nil: undefined }),
    observabilityMode: fc.boolean(),
    attributes: fc.constantFrom(new Map(), new Map([['f', { a: 'b' }]])),
  })
  .map(({ member: one, ...more }) => request(one, more));

describe('readMessage', () => {
  it('reads what the generated codec reads', () => {
    fc.assert(
      fc.property(message, (one) => expectSame(encoded(one))),
      { numRuns: 3_000 },
    );
  });

  it('reads what the generated codec reads of bytes that are cut, changed or put together', () => {
    fc.assert(
      fc.property(message, message, fc.nat(), fc.nat(255), fc.nat(2), (one, other, place, byte, kind) => {
        const bytes = encoded(one);
        const at = place % (bytes.length + 1);
        if (kind === 0) expectSame(bytes.subarray(0, at));
        else if (kind === 1) expectSame(Buffer.concat([bytes, encoded(other)]));
        else {
          const changed = Buffer.from(bytes);
          if (at < changed.length) changed[at] = byte;
          expectSame(changed);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('reads the messages of an ordinary request without the generated codec', () => {
    const first = request(headers('request', { ':path': '/v1/responses' }), protocol(modes.buffered));
    for (const one of [first, request(body('request', '{}', true)), request(headers('response', {}, true))]) {
      expect(readMessage(encoded(one))).toHaveProperty('event');
    }
  });

  it('gives a body as a view of its message', () => {
    const bytes = encoded(request(body('request', 'x'.repeat(10_000), true)));
    const event = decodeMessage(readMessage(bytes));
    if (event.kind !== 'body') throw new Error('not a body');
    expect(event.bytes.buffer).toBe(bytes.buffer);
    expect(Buffer.isBuffer(event.bytes)).toBe(true);
  });
});

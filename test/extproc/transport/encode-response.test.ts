import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeImmediate, encodeReply } from '../../../src/extproc/encode.ts';
import { encodeFrame } from '../../../src/extproc/transport/encode-response.ts';
import { ProcessingResponse } from '../../../src/gen/envoy/service/ext_proc/v3/external_processor.ts';

/** What the generated codec reads; given a copy, so that all bytes are of one type and compare. */
function read(bytes: Uint8Array): ProcessingResponse {
  return ProcessingResponse.decode(new Uint8Array(bytes));
}

const EDITS = { remove: ['content-encoding'], set: [{ name: 'content-length', value: '7' }], append: [] };
const METADATA = { action: 'filter', revision: 3, enforced: true };

/** The message of a frame, whose prefix must fit it. */
function encodeResponse(reply: ProcessingResponse): Buffer {
  const frame = Buffer.concat(encodeFrame(reply));
  expect(frame.readUInt8(0)).toBe(0);
  expect(frame.readUInt32BE(1)).toBe(frame.length - 5);
  return frame.subarray(5);
}

/** Sizes at which a length takes one byte more, for each of the messages around the body. */
const SIZES = [
  0,
  1,
  511,
  512,
  513,
  ...[128, 16_384, 2_097_152].flatMap((edge) => Array.from({ length: 40 }, (_, i) => edge - i)),
];

describe('encodeFrame', () => {
  it('is read by the generated codec as what the generated codec writes, at every size where a length grows', () => {
    for (const size of SIZES) {
      const bytes = Buffer.alloc(size, 0x61);
      for (const reply of [
        encodeReply({
          kind: 'body',
          direction: 'request',
          body: { kind: 'replace', bytes },
          edits: EDITS,
          metadata: METADATA,
        }),
        encodeReply({ kind: 'chunk', direction: 'response', bytes, endOfStream: size % 2 === 0 }),
      ]) {
        const encoded = encodeResponse(reply);
        const expected = ProcessingResponse.encode(reply).finish();
        expect(encoded.length).toBe(expected.length);
        // Encoded again by the generated codec, equal messages are equal bytes.
        const again = ProcessingResponse.encode(read(encoded)).finish();
        expect(Buffer.compare(again, expected)).toBe(0);
      }
    }
  });

  it('keeps edits, metadata, direction and end for any mix', () => {
    const body = fc.uint8Array({ maxLength: 2000 });
    const edits = fc.option(fc.constant(EDITS), { nil: undefined });
    const metadata = fc.option(fc.constant(METADATA), { nil: undefined });
    const direction = fc.constantFrom('request' as const, 'response' as const);
    fc.assert(
      fc.property(
        body,
        edits,
        metadata,
        direction,
        fc.boolean(),
        fc.boolean(),
        (bytes, header, data, way, end, duplex) => {
          const extra = {
            ...(header === undefined ? {} : { edits: header }),
            ...(data === undefined ? {} : { metadata: data }),
          };
          const reply = duplex
            ? encodeReply({ kind: 'chunk', direction: way, bytes, endOfStream: end, ...extra })
            : encodeReply({ kind: 'body', direction: way, body: { kind: 'replace', bytes }, ...extra });
          expect(read(encodeResponse(reply))).toEqual(read(ProcessingResponse.encode(reply).finish()));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('writes what the generated codec writes, byte for byte', () => {
    const immediate = encodeImmediate({
      status: 403,
      headers: [],
      body: Buffer.alloc(1000, 0x62),
      details: 'tiergate_policy_violation',
    });
    const edits = {
      remove: ['a', 'b'],
      set: [
        { name: 'c', value: 'x\u00ff' },
        { name: 'd', value: '' },
      ],
      append: [{ name: 'c', value: 'y'.repeat(200) }],
    };
    const metadata = {
      text: 'priority',
      'längerer Schlüssel \ud800': `${'ü'.repeat(70)}\ud83d\ude00`,
      empty: '',
      number: -0.5,
      yes: true,
      no: false,
    };
    const end = { headerMutation: { setHeaders: [], removeHeaders: ['x'] } };
    const rare = encodeReply({ kind: 'headers', direction: 'response', edits });
    for (const reply of [
      immediate,
      encodeReply({ kind: 'headers', direction: 'request' }),
      encodeReply({ kind: 'headers', direction: 'response', edits, metadata }),
      encodeReply({ kind: 'body', direction: 'request', body: { kind: 'clear' } }),
      encodeReply({ kind: 'body', direction: 'response', body: { kind: 'keep' }, edits, metadata }),
      encodeReply({ kind: 'trailers', direction: 'request', metadata }),
      encodeReply({ kind: 'trailers', direction: 'response' }),
      { ...rare, response: { $case: 'requestTrailers' as const, value: end } },
      { ...rare, overrideMessageTimeout: { seconds: 1, nanos: 0 } },
      { ...rare, response: undefined },
    ]) {
      expect(encodeResponse(reply)).toEqual(Buffer.from(ProcessingResponse.encode(reply).finish()));
    }
  });

  it('refuses metadata that no Struct holds, and is whole again after it', () => {
    const reply = (odd: unknown) =>
      encodeReply({ kind: 'headers', direction: 'request', metadata: { action: 'pass', odd: odd as never } });
    for (const odd of [1n, null, undefined, [1]]) {
      expect(() => encodeFrame(reply(odd))).toThrow('dynamic metadata');
    }
    const good = reply('text');
    expect(encodeResponse(good)).toEqual(Buffer.from(ProcessingResponse.encode(good).finish()));
  });

  it('does not copy a large body', () => {
    const bytes = Buffer.alloc(100_000, 'b');
    for (const metadata of [{}, { metadata: METADATA }]) {
      const reply = encodeReply({
        kind: 'body',
        direction: 'request',
        body: { kind: 'replace', bytes },
        ...metadata,
      });
      expect(encodeFrame(reply)).toContain(bytes);
    }
  });

  it('takes metadata and edits of any size', () => {
    const metadata = { long: 'é'.repeat(40_000) };
    const set = Array.from({ length: 100 }, (_, index) => ({ name: `x-${index}`, value: 'v'.repeat(1_000) }));
    const reply = encodeReply({
      kind: 'body',
      direction: 'request',
      body: { kind: 'replace', bytes: Buffer.alloc(100, 'b') },
      edits: { remove: [], set, append: [] },
      metadata,
    });
    expect(encodeResponse(reply)).toEqual(Buffer.from(ProcessingResponse.encode(reply).finish()));
  });
});

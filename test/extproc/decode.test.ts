import { describe, expect, it } from 'vitest';
import { decodeMessage, decodeModes } from '../../src/extproc/decode.ts';
import { ProcessingRequest } from '../../src/gen/envoy/service/ext_proc/v3/external_processor.ts';
import { body, headers, modes, protocol, request, trailers } from './support.ts';

/** A message as it comes off the wire. */
function overTheWire(message: ProcessingRequest): { bytes: Buffer; message: ProcessingRequest } {
  const bytes = Buffer.from(ProcessingRequest.encode(message).finish());
  return { bytes, message: ProcessingRequest.decode(bytes) };
}

describe('decodeMessage', () => {
  it('gives headers as latin1, with names in lower case and all lines kept', () => {
    const message = request({
      $case: 'requestHeaders',
      value: {
        headers: {
          headers: [
            { key: ':path', value: '', rawValue: Buffer.from('/v1/responses') },
            { key: 'X-Odd', value: '', rawValue: Buffer.from([0x61, 0xff, 0xc3, 0xa9]) },
            { key: 'x-odd', value: '', rawValue: Buffer.alloc(0) },
          ],
        },
        endOfStream: true,
      },
    });
    expect(decodeMessage(overTheWire(message).message)).toMatchObject({
      kind: 'headers',
      direction: 'request',
      endOfStream: true,
      headers: [
        { name: ':path', value: '/v1/responses' },
        { name: 'x-odd', value: 'a\u00ff\u00c3\u00a9' },
        { name: 'x-odd', value: '' },
      ],
    });
  });

  it('reads `value` where a client fills that, as its bytes', () => {
    const list = [{ key: 'a', value: 'é', rawValue: new Uint8Array(0) }];
    const message = request({
      $case: 'responseHeaders',
      value: { headers: { headers: list }, endOfStream: false },
    });
    expect(decodeMessage(message)).toMatchObject({ headers: [{ name: 'a', value: '\u00c3\u00a9' }] });
  });

  it('takes a headers message without a list for one without lines', () => {
    const message = request({ $case: 'requestHeaders', value: { headers: undefined, endOfStream: false } });
    expect(decodeMessage(message)).toMatchObject({ kind: 'headers', headers: [] });
  });

  it('gives a body as a view of the message, not a copy', () => {
    const { bytes, message } = overTheWire(request(body('request', Buffer.alloc(100_000, 7), true)));
    const event = decodeMessage(message);
    expect(event).toMatchObject({ kind: 'body', direction: 'request', endOfStream: true });
    if (event.kind !== 'body') throw new Error('not a body');
    expect(event.bytes.buffer).toBe(bytes.buffer);
    expect(Buffer.isBuffer(event.bytes)).toBe(true);
    expect(event.bytes).toHaveLength(100_000);
  });

  it('knows all six kinds', () => {
    const members = (['request', 'response'] as const).flatMap((direction) => [
      headers(direction),
      body(direction, ''),
      trailers(direction),
    ]);
    const seen = members
      .map((member) => decodeMessage(request(member)))
      .map((event) => `${event.direction} ${event.kind}`);
    expect(seen).toEqual([
      'request headers',
      'request body',
      'request trailers',
      'response headers',
      'response body',
      'response trailers',
    ]);
  });

  it('takes an end without a message for an end', () => {
    const value = { body: Buffer.alloc(0), endOfStream: false, endOfStreamWithoutMessage: true };
    expect(decodeMessage(request({ $case: 'requestBody', value }))).toMatchObject({ endOfStream: true });
  });

  it('gives attributes and dynamic metadata as text', () => {
    const attributes = new Map([
      [
        'envoy.filters.http.ext_proc',
        { 'xds.route_name': 'llm', 'request.size': 1_234_567, flag: true, none: null },
      ],
    ]);
    const filterMetadata = new Map([['auth', { scope: 'team-a', groups: ['x', 1], claims: { sub: 'u' } }]]);
    const message = request(headers('request'), { attributes, metadataContext: { filterMetadata } });
    const { context } = decodeMessage(overTheWire(message).message);
    expect(context.attributes).toEqual(
      new Map([
        ['xds.route_name', 'llm'],
        ['request.size', '1234567'],
        ['flag', 'true'],
      ]),
    );
    expect(context.dynamicMetadata).toEqual(
      new Map([
        [
          'auth',
          new Map([
            ['scope', 'team-a'],
            ['groups', '["x",1]'],
            ['claims', '{"sub":"u"}'],
          ]),
        ],
      ]),
    );
  });

  it('refuses a message without a member', () => {
    expect(() => decodeMessage(request(undefined))).toThrow('without headers, body or trailers');
  });

  it('refuses a message that is cut short', () => {
    const { bytes } = overTheWire(request(body('request', 'some text')));
    expect(() => ProcessingRequest.decode(bytes.subarray(0, bytes.length - 1))).toThrow();
  });
});

describe('decodeModes', () => {
  it('names the modes', () => {
    expect(decodeModes(request(headers('request'), protocol(modes.duplex, modes.streamed)))).toEqual({
      request: 'FULL_DUPLEX_STREAMED',
      response: 'STREAMED',
      sendBodyWithoutWaiting: false,
    });
  });
});

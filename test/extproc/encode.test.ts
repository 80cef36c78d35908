import { describe, expect, it } from 'vitest';
import type { Reply } from '../../src/exchange/events.ts';
import { encodeImmediate, encodeReply } from '../../src/extproc/encode.ts';
import { ContractCodec } from './contract-codec.ts';
import { blocked } from './support.ts';

const codec = new ContractCodec();

/** A reply as another codec than ours reads it from the wire. */
function read(reply: Reply): unknown {
  return codec.readResponse(encodeReply(reply));
}

const direction = 'request' as const;
const lines = (...values: string[]) => values.map((value) => ({ name: 'x-tier', value }));

describe('encodeReply', () => {
  it('says nothing where nothing changes', () => {
    expect(read({ kind: 'headers', direction })).toEqual({
      request_headers: {},
      response: 'request_headers',
    });
    expect(read({ kind: 'body', direction: 'response', body: { kind: 'keep' } })).toEqual({
      response_body: {},
      response: 'response_body',
    });
    expect(read({ kind: 'trailers', direction })).toEqual({
      request_trailers: {},
      response: 'request_trailers',
    });
    expect(read({ kind: 'trailers', direction: 'response' })).toMatchObject({
      response: 'response_trailers',
    });
    expect(read({ kind: 'headers', direction: 'response' })).toMatchObject({ response: 'response_headers' });
  });

  it('sets headers through raw_value alone, and appends through `append`', () => {
    const edits = { remove: ['content-encoding'], set: lines('a'), append: lines('b\u00ff') };
    const mutation = {
      remove_headers: ['content-encoding'],
      set_headers: [
        { header: { key: 'x-tier', raw_value: Buffer.from('a') } },
        { header: { key: 'x-tier', raw_value: Buffer.from([0x62, 0xff]) }, append: { value: true } },
      ],
    };
    expect(read({ kind: 'headers', direction, edits })).toMatchObject({
      request_headers: { response: { header_mutation: mutation } },
    });
    expect(read({ kind: 'body', direction, body: { kind: 'keep' }, edits })).toMatchObject({
      request_body: { response: { header_mutation: mutation } },
    });
  });

  it('replaces, clears and streams a body', () => {
    const bytes = Buffer.from('{}');
    expect(read({ kind: 'body', direction, body: { kind: 'replace', bytes } })).toMatchObject({
      request_body: { response: { body_mutation: { body: bytes, mutation: 'body' } } },
    });
    expect(
      read({ kind: 'body', direction, body: { kind: 'replace', bytes: Buffer.alloc(0) } }),
    ).toMatchObject({
      request_body: { response: { body_mutation: { mutation: 'body' } } },
    });
    expect(read({ kind: 'body', direction, body: { kind: 'clear' } })).toMatchObject({
      request_body: { response: { body_mutation: { clear_body: true } } },
    });
    expect(read({ kind: 'chunk', direction: 'response', bytes, endOfStream: true })).toMatchObject({
      response_body: {
        response: { body_mutation: { streamed_response: { body: bytes, end_of_stream: true } } },
      },
    });
  });

  it('puts dynamic metadata under its namespace', () => {
    const metadata = { action: 'filter', enforced: true, revision: 7 };
    expect(read({ kind: 'headers', direction, metadata })).toMatchObject({
      dynamic_metadata: {
        fields: {
          tiergate: {
            structValue: {
              fields: {
                action: { stringValue: 'filter' },
                enforced: { boolValue: true },
                revision: { numberValue: 7 },
              },
            },
          },
        },
      },
    });
  });

  it.each([
    ['a newline', { name: 'x', value: 'a\nb' }],
    ['NUL', { name: 'x', value: '\0' }],
    ['DEL', { name: 'x', value: '\x7f' }],
    ['a character beyond one byte', { name: 'x', value: '\u20ac' }],
    ['an empty name', { name: '', value: '' }],
    ['a name with a space', { name: 'a b', value: '' }],
    ['a name in upper case', { name: 'X-A', value: '' }],
  ])('refuses %s in a header', (_name, line) => {
    const edits = { remove: [], set: [line], append: [] };
    expect(() => encodeReply({ kind: 'headers', direction, edits })).toThrow('header edit');
  });

  it('takes a tab, an empty value and a pseudo header', () => {
    const set = [
      { name: 'a', value: '\t' },
      { name: 'b', value: '' },
      { name: ':path', value: '/' },
    ];
    expect(() =>
      encodeReply({ kind: 'headers', direction, edits: { remove: [], set, append: [] } }),
    ).not.toThrow();
  });

  it('takes 100 header edits and refuses 101, and a malformed name to remove', () => {
    const set = Array.from({ length: 98 }, (_, index) => ({ name: `x-${index}`, value: '' }));
    const edits = { remove: ['a'], set, append: lines('b') };
    expect(() => encodeReply({ kind: 'headers', direction, edits })).not.toThrow();
    const more = { ...edits, remove: ['a', 'b'] };
    expect(() => encodeReply({ kind: 'headers', direction, edits: more })).toThrow('more than 100');
    const odd = { remove: ['a\n'], set: [], append: [] };
    expect(() => encodeReply({ kind: 'headers', direction, edits: odd })).toThrow('malformed name');
  });
});

describe('encodeImmediate', () => {
  it('has status, headers, body, details and metadata', () => {
    const reply = { ...blocked(403, 'tiergate_policy_violation'), metadata: { action: 'block' } };
    expect(codec.readResponse(encodeImmediate(reply))).toMatchObject({
      response: 'immediate_response',
      immediate_response: {
        status: { code: 'Forbidden' },
        headers: {
          set_headers: [{ header: { key: 'content-type', raw_value: Buffer.from('application/json') } }],
        },
        body: Buffer.from('{"error":{}}'),
        details: 'tiergate_policy_violation',
      },
      dynamic_metadata: { fields: { tiergate: {} } },
    });
  });

  it.each([0, 101, 600, 403.5, Number.NaN])('refuses the status %d', (status) => {
    expect(() => encodeImmediate(blocked(status, 'x'))).toThrow('status');
  });
});

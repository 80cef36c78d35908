import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClientItem, ClientReader } from '../../src/websocket/client-reader.ts';
import { hear, told } from './oracle.ts';
import { CUTS, damagedBytes, type StreamFrame, validFrames } from './streams.ts';
import { CODES, cut, forwarded, pushAll } from './support.ts';

const LIMITS = { message: 6000, fragments: 5 };
const ANY_FRAGMENTS = { message: 20_000, fragments: 1000 };
const LENGTH_FORM = 'a length that is not in its shortest form, or has its sign bit set';

/** What was told, control frames ahead of the message among whose fragments they stand: the one thing cuts may change. */
function flat(items: readonly ClientItem[]): string[] {
  return items.flatMap((item) => {
    if (item.kind === 'control') return [control(item.frame)];
    if (item.kind === 'close') return [told('close', item.code)];
    if (item.kind === 'fault') return [told(`fault ${item.code}`, Buffer.from(item.reason))];
    return [...item.controls.map(control), told(item.opcode, item.payload)];
  });
}

/** A control frame as the oracle tells it. */
function control(frame: Uint8Array): string {
  const payload = frame.subarray(6).map((byte, at) => byte ^ (frame[2 + (at % 4)] ?? 0));
  return told((frame[0] ?? 0) === 0x89 ? 'ping' : 'pong', payload);
}

/** The data frames of a stream, or of one message of it. */
function dataOf(frames: readonly StreamFrame[]): Buffer {
  return Buffer.concat(frames.filter(({ opcode }) => opcode <= CODES.binary).map(({ bytes }) => bytes));
}

describe('any cut, any fragments, any control frames between', () => {
  it('gives the messages that the oracle reads, with the bytes that came', () => {
    fc.assert(
      fc.property(validFrames('client'), CUTS, (frames, places) => {
        const bytes = Buffer.concat(frames.map((one) => one.bytes));
        const whole = new ClientReader(ANY_FRAGMENTS).push(bytes);
        const items = pushAll(new ClientReader(ANY_FRAGMENTS), cut(bytes, places));
        expect(forwarded(whole).equals(bytes)).toBe(true);
        expect(flat(items)).toEqual(flat(whole));
        expect(flat(items)).toEqual(hear('server', [bytes]).events);
        const data = items.flatMap((item) => {
          if (item.kind !== 'message') return [];
          return item.frames.filter((frame) => !item.controls.includes(frame));
        });
        expect(Buffer.concat(data).equals(dataOf(frames))).toBe(true);
        // What goes on is again a legal stream of the same messages.
        expect(hear('server', [forwarded(items)])).toEqual(hear('server', [bytes]));
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same for damaged bytes too, and holds no more than the limits', () => {
    fc.assert(
      fc.property(damagedBytes('client'), CUTS, (bytes, places) => {
        const reader = new ClientReader(LIMITS);
        const items = cut(bytes, places).flatMap((chunk) => {
          const given = reader.push(chunk);
          expect(reader.heldBytes).toBeLessThanOrEqual(LIMITS.message + 14 * LIMITS.fragments + 131);
          return [...given];
        });
        expect(flat(items)).toEqual(flat(new ClientReader(LIMITS).push(bytes)));
        expect(items.filter(({ kind }) => kind === 'fault').length).toBeLessThanOrEqual(1);
        const fault = items.findIndex(({ kind }) => kind === 'fault');
        if (fault >= 0) expect(items.slice(fault + 1).every(({ kind }) => kind === 'close')).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});

/** The kind of fault that an error of the oracle is. */
function kindOf(error: string): string {
  if (error === 'WS_ERR_INVALID_UTF8') return 'invalid_utf8';
  return error.startsWith('WS_ERR_UNSUPPORTED_') ? 'message_too_large' : 'protocol_error';
}

describe('the oracle', () => {
  it('takes and refuses the same bytes, with the same messages before', () => {
    const seen = { taken: 0, protocol_error: 0, message_too_large: 0, invalid_utf8: 0 };
    const oracleLimit = 300;
    fc.assert(
      fc.property(damagedBytes('client'), CUTS, (bytes, places) => {
        const heard = hear('server', [bytes], oracleLimit);
        const reader = new ClientReader({ message: oracleLimit, fragments: 1000 });
        const items = pushAll(reader, cut(bytes, places));
        // The oracle refuses some heads before they are complete: then they are completed.
        if (heard.error !== undefined) items.push(...reader.push(Buffer.alloc(14)));
        const fault = items.find((item) => item.kind === 'fault');
        const before = flat(fault === undefined ? items : items.slice(0, items.indexOf(fault)));
        if (fault?.kind === 'fault' && fault.reason === LENGTH_FORM) {
          // A rule of section 5.2 that the oracle does not hold.
          expect(heard.events.slice(0, before.length)).toEqual(before);
          return;
        }
        expect(before).toEqual(heard.events);
        expect(fault?.kind === 'fault' ? fault.code : undefined).toBe(
          heard.error === undefined ? undefined : kindOf(heard.error),
        );
        seen[fault?.kind === 'fault' ? fault.code : 'taken'] += 1;
      }),
      { numRuns: 1000 },
    );
    for (const [kind, count] of Object.entries(seen)) expect([kind, count > 10]).toEqual([kind, true]);
  });
});

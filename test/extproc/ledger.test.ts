import { describe, expect, it } from 'vitest';
import type { BodyMode, DirectionName, Reply } from '../../src/exchange/events.ts';
import type { MessageEvent } from '../../src/extproc/decode.ts';
import { maxChunkBytes, ReplyLedger, SpuriousReply } from '../../src/extproc/ledger.ts';

const context = { attributes: new Map<string, string>(), dynamicMetadata: new Map() };

function came(
  kind: 'headers' | 'body' | 'trailers',
  endOfStream = false,
  direction: DirectionName = 'request',
): MessageEvent {
  if (kind === 'headers') return { kind, direction, headers: [], endOfStream, context };
  if (kind === 'body') return { kind, direction, bytes: Buffer.from('x'), endOfStream, context };
  return { kind, direction, context };
}

function ledger(request: BodyMode, response: BodyMode = 'NONE'): ReplyLedger {
  return new ReplyLedger({ request, response, sendBodyWithoutWaiting: false });
}

const direction = 'request' as const;
const headersReply: Reply = { kind: 'headers', direction };
const bodyReply: Reply = { kind: 'body', direction, body: { kind: 'keep' } };
const trailersReply: Reply = { kind: 'trailers', direction };
const chunk = (bytes = 1, endOfStream = false): Reply => ({
  kind: 'chunk',
  direction,
  bytes: Buffer.alloc(bytes),
  endOfStream,
});

/** A name, what came, and replies of which the last is refused. */
type Row = [name: string, events: MessageEvent[], ...replies: Reply[]];

describe.each(['NONE', 'STREAMED', 'BUFFERED'] as const)('one-to-one (%s)', (mode) => {
  it('takes one reply for each message, in order', () => {
    const book = ledger(mode);
    expect([came('headers'), came('body'), came('body')].map((event) => book.admit(event))).toEqual([
      true,
      true,
      true,
    ]);
    book.reply(headersReply);
    book.reply(bodyReply);
    book.admit(came('trailers'));
    book.reply(bodyReply);
    book.reply(trailersReply);
  });

  it.each<Row>([
    ['a reply with nothing due', [], headersReply],
    ['a second reply to one message', [came('headers')], headersReply, headersReply],
    ['a body reply where the header reply is due', [came('headers'), came('body')], bodyReply],
    ['a trailers reply where a body reply is due', [came('body'), came('trailers')], trailersReply],
    ['a chunk of full duplex', [came('body')], chunk()],
  ])('refuses %s', (_name, events, ...replies) => {
    const book = ledger(mode);
    for (const event of events) book.admit(event);
    const last = replies.at(-1);
    for (const reply of replies.slice(0, -1)) book.reply(reply);
    expect(() => book.reply(last ?? headersReply)).toThrow(SpuriousReply);
  });
});

describe('full duplex', () => {
  it('takes the header reply, chunks and one end', () => {
    const book = ledger('FULL_DUPLEX_STREAMED');
    for (const event of [came('headers'), came('body'), came('body', true)]) book.admit(event);
    for (const reply of [headersReply, chunk(maxChunkBytes), chunk(0), chunk(3, true)]) book.reply(reply);
  });

  it('takes trailers as the end, after chunks and without any', () => {
    const book = ledger('FULL_DUPLEX_STREAMED');
    for (const event of [came('headers'), came('body'), came('trailers')]) book.admit(event);
    for (const reply of [headersReply, chunk(), trailersReply]) book.reply(reply);
  });

  it('takes chunks without a header reply where no headers were sent', () => {
    const book = ledger('FULL_DUPLEX_STREAMED');
    book.admit(came('body'));
    book.reply(chunk());
    book.reply(chunk());
  });

  it.each<Row>([
    ['a header reply without headers', [came('body')], headersReply],
    ['a second header reply', [came('headers')], headersReply, headersReply],
    ['a chunk before the header reply', [came('headers'), came('body')], chunk()],
    ['a chunk before the first of Envoy', [came('headers')], headersReply, chunk()],
    ['a chunk over 64 KiB', [came('body')], chunk(maxChunkBytes + 1)],
    ['a chunk after the end', [came('body', true)], chunk(1, true), chunk()],
    ['a second end', [came('body', true)], chunk(1, true), chunk(0, true)],
    ['an end on a chunk where trailers are it', [came('body'), came('trailers')], chunk(1, true)],
    ['trailers before the header reply', [came('headers'), came('trailers')], trailersReply],
    ['trailers that never came', [came('body')], trailersReply],
    ['a chunk after the trailers reply', [came('body'), came('trailers')], trailersReply, chunk()],
    ['a plain body reply', [came('body')], bodyReply],
  ])('refuses %s', (_name, events, ...replies) => {
    const book = ledger('FULL_DUPLEX_STREAMED');
    for (const event of events) book.admit(event);
    const last = replies.at(-1);
    for (const reply of replies.slice(0, -1)) book.reply(reply);
    expect(() => book.reply(last ?? headersReply)).toThrow(SpuriousReply);
  });
});

describe('both kinds', () => {
  it('keeps the directions apart', () => {
    const book = ledger('BUFFERED', 'FULL_DUPLEX_STREAMED');
    book.admit(came('body', false, 'response'));
    expect(() => book.reply(chunk())).toThrow(SpuriousReply);
    book.reply({ kind: 'chunk', direction: 'response', bytes: Buffer.from('x'), endOfStream: false });
  });

  it.each(['BUFFERED', 'FULL_DUPLEX_STREAMED'] as const)(
    'ignores what comes behind the end of a direction (%s)',
    (mode) => {
      const book = ledger(mode);
      book.admit(came('headers'));
      expect(book.admit(came('body', true))).toBe(true);
      expect(book.admit(came('body', true))).toBe(false);
      expect(book.admit(came('trailers'))).toBe(false);
      const lone = ledger(mode);
      lone.admit(came('headers', true));
      expect(lone.admit(came('body', true))).toBe(false);
    },
  );

  it('refuses headers that come twice or behind a body', () => {
    const twice = ledger('BUFFERED');
    twice.admit(came('headers'));
    expect(() => twice.admit(came('headers'))).toThrow('twice or behind a body');
    const behind = ledger('FULL_DUPLEX_STREAMED');
    behind.admit(came('body'));
    expect(() => behind.admit(came('headers'))).toThrow('twice or behind a body');
  });

  it('takes one immediate response at any time, and nothing after it', () => {
    const book = ledger('BUFFERED');
    book.admit(came('headers'));
    book.answer();
    expect(() => book.reply(headersReply)).toThrow(SpuriousReply);
    expect(() => book.answer()).toThrow(SpuriousReply);
  });
});

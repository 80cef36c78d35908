import { describe, expect, test } from 'vitest';
import { mergeEdits } from '../../../src/exchange/direction/direction.ts';
import { createDirection, createDirections } from '../../../src/exchange/direction/table.ts';
import type { Reply } from '../../../src/exchange/events.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const setX = { remove: [], set: [{ name: 'x', value: '1' }], append: [] };

function said(replies: readonly Reply[]): unknown[] {
  return replies.map((reply) => {
    if (reply.kind === 'chunk')
      return `${Buffer.from(reply.bytes).toString()}${reply.endOfStream ? '|' : ''}`;
    if (reply.kind !== 'body') return reply.kind;
    return reply.body.kind === 'replace' ? Buffer.from(reply.body.bytes).toString() : reply.body.kind;
  });
}

test('the table chooses the kind by the mode', () => {
  const kind = (mode: Parameters<typeof createDirection>[1]) => createDirection('request', mode).kind;
  expect(kind('BUFFERED')).toBe('one_to_one');
  expect(kind('STREAMED')).toBe('one_to_one');
  expect(kind('NONE')).toBe('one_to_one');
  expect(kind('FULL_DUPLEX_STREAMED')).toBe('duplex');
  const both = createDirections({
    request: 'STREAMED',
    response: 'FULL_DUPLEX_STREAMED',
    sendBodyWithoutWaiting: true,
  });
  expect([both.request.name, both.request.kind, both.response.name, both.response.kind]).toEqual([
    'request',
    'one_to_one',
    'response',
    'duplex',
  ]);
});

describe('one-to-one', () => {
  const open = (mode: 'BUFFERED' | 'STREAMED' = 'STREAMED') => createDirection('response', mode);

  test('holds back by not asking, and answers each message once, in order', () => {
    const direction = open();
    direction.headers(false);
    direction.chunk(bytes('a'), false);
    direction.trailers();
    expect(said(direction.replies())).toEqual(['headers', 'clear', 'trailers']);
    expect(direction.replies()).toEqual([]);
  });

  test('a chunk whose own bytes are sent is kept', () => {
    const direction = open();
    const [a, b] = [bytes('a'), bytes('b')];
    direction.chunk(a, false);
    direction.chunk(b, true);
    direction.send(a);
    direction.send(b);
    expect(said(direction.replies())).toEqual(['keep', 'keep']);
  });

  test('equal bytes of another array are put in, not taken for the chunk', () => {
    const direction = open();
    direction.chunk(bytes('a'), false);
    direction.send(bytes('a'));
    expect(said(direction.replies())).toEqual(['a']);
  });

  test('everything queued rides on the last unanswered chunk, in order', () => {
    const direction = open();
    const [a, b] = [bytes('a'), bytes('b')];
    direction.chunk(a, false);
    direction.chunk(b, false);
    direction.send(bytes('1'));
    direction.send(b);
    direction.send(bytes('2'));
    expect(said(direction.replies())).toEqual(['clear', '1b2']);
    direction.chunk(a, false);
    direction.chunk(b, false);
    direction.send(a);
    direction.send(bytes('3'));
    expect(said(direction.replies())).toEqual(['keep', '3']);
    direction.chunk(a, false);
    direction.send(a);
    direction.send(bytes('4'));
    expect(said(direction.replies())).toEqual(['a4']);
  });

  test('bytes wait where no chunk is unanswered', () => {
    const direction = open();
    direction.headers(false);
    expect(direction.canSend).toBe(false);
    direction.send(bytes('x'));
    expect(said(direction.replies())).toEqual(['headers']);
    direction.chunk(bytes(''), false);
    expect(direction.canSend).toBe(true);
    expect(said(direction.replies())).toEqual(['x']);
  });

  test('an empty chunk is kept, sending nothing is nothing', () => {
    const direction = open();
    direction.chunk(bytes(''), true);
    direction.send(bytes(''));
    expect(said(direction.replies())).toEqual(['keep']);
  });

  test('what no reply can carry any more is a fault', () => {
    const ended = open();
    ended.chunk(bytes('a'), true);
    ended.replies();
    expect(() => ended.send(bytes('x'))).toThrow('after the end');
    const headersOnly = open();
    headersOnly.headers(true);
    expect(() => headersOnly.send(bytes('x'))).toThrow('after the end');
    const closed = open();
    closed.end();
    expect(() => closed.send(bytes('x'))).toThrow('after the end');
    const stranded = open();
    stranded.send(bytes('x'));
    stranded.trailers();
    expect(() => stranded.replies()).toThrow('no reply is left');
  });

  test('header edits ride on the header reply; in BUFFERED also on the body reply', () => {
    const streamed = open('STREAMED');
    streamed.headers(false);
    expect(streamed.canEdit).toBe(true);
    streamed.edit(setX);
    expect(streamed.replies()).toEqual([{ kind: 'headers', direction: 'response', edits: setX }]);
    expect(streamed.canEdit).toBe(false);
    expect(() => streamed.edit(setX)).toThrow('header edits');
    streamed.edit({ remove: [], set: [], append: [] });

    const buffered = open('BUFFERED');
    buffered.headers(false);
    buffered.replies();
    expect(buffered.canEdit).toBe(true);
    buffered.edit(setX);
    buffered.chunk(bytes('a'), true);
    expect(buffered.replies()).toEqual([
      { kind: 'body', direction: 'response', body: { kind: 'clear' }, edits: setX },
    ]);
    expect(buffered.canEdit).toBe(false);

    const bodiless = open('BUFFERED');
    bodiless.headers(false);
    bodiless.replies();
    bodiless.edit(setX);
    bodiless.trailers();
    expect(() => bodiless.replies()).toThrow('header edits');
  });

  test('metadata rides on the next reply, once', () => {
    const direction = open();
    direction.annotate({ a: 1 });
    direction.annotate({ b: 2 });
    direction.trailers();
    expect(direction.replies()).toEqual([
      { kind: 'trailers', direction: 'response', metadata: { a: 1, b: 2 } },
    ]);
  });
});

describe('duplex', () => {
  const open = () => createDirection('request', 'FULL_DUPLEX_STREAMED');

  test('sends after the header reply and a first chunk, the empty one included', () => {
    const direction = open();
    direction.headers(false);
    direction.send(bytes('a'));
    expect(direction.canSend).toBe(false);
    expect(said(direction.replies())).toEqual(['headers']);
    expect(said(direction.replies())).toEqual([]);
    direction.chunk(bytes(''), false);
    expect(direction.canSend).toBe(true);
    expect(said(direction.replies())).toEqual(['a']);
    direction.send(bytes('unasked'));
    expect(said(direction.replies())).toEqual(['unasked']);
  });

  test('with headers SKIP a first chunk is enough', () => {
    const direction = open();
    direction.chunk(bytes('x'), false);
    direction.send(bytes('a'));
    expect(said(direction.replies())).toEqual(['a']);
  });

  test('cuts at 64 KiB and ends once, with the last chunk', () => {
    const direction = open();
    direction.headers(false);
    direction.chunk(bytes('x'), true);
    direction.send(new Uint8Array(65_536 * 2));
    direction.send(new Uint8Array(65_537));
    direction.end();
    const chunks = direction.replies().slice(1);
    expect(chunks.map((reply) => reply.kind === 'chunk' && [reply.bytes.length, reply.endOfStream])).toEqual([
      [65_536, false],
      [65_536, false],
      [65_536, false],
      [1, true],
    ]);
    direction.chunk(bytes('again'), true);
    direction.trailers();
    expect(direction.replies()).toEqual([]);
    expect(() => direction.send(bytes('x'))).toThrow('after the end');
  });

  test('an end without bytes is an empty chunk', () => {
    const direction = open();
    direction.chunk(bytes('x'), true);
    direction.end();
    expect(direction.canSend).toBe(false);
    expect(said(direction.replies())).toEqual(['|']);
  });

  test('trailers are the end where they came', () => {
    const direction = open();
    direction.headers(false);
    direction.chunk(bytes('x'), false);
    direction.trailers();
    direction.send(bytes('a'));
    expect(said(direction.replies())).toEqual(['headers', 'a']);
    direction.end();
    direction.annotate({ a: 1 });
    expect(direction.replies()).toEqual([{ kind: 'trailers', direction: 'request', metadata: { a: 1 } }]);
    expect(direction.replies()).toEqual([]);
  });

  test('lone headers and trailers without a body take no bytes', () => {
    const lone = open();
    lone.headers(true);
    lone.edit(setX);
    expect(() => lone.send(bytes('x'))).toThrow('after the end');
    lone.end();
    expect(lone.replies()).toEqual([{ kind: 'headers', direction: 'request', edits: setX }]);
    expect(lone.canEdit).toBe(false);
    expect(() => lone.edit(setX)).toThrow('header edits');
    lone.edit({ remove: [], set: [], append: [] });
    const bodiless = open();
    bodiless.headers(false);
    bodiless.trailers();
    expect(() => bodiless.send(bytes('x'))).toThrow('after the end');
    bodiless.end();
    expect(said(bodiless.replies())).toEqual(['headers', 'trailers']);
  });
});

test('of two edits of a header the later one stands', () => {
  const nothing = { remove: [], set: [], append: [] };
  expect(mergeEdits(setX, nothing)).toEqual(setX);
  expect(mergeEdits(nothing, setX)).toEqual(setX);
  const line = (name: string, value: string) => ({ name, value });
  expect(
    mergeEdits(
      { remove: ['a'], set: [line('b', '1'), line('c', '1')], append: [line('c', '2'), line('d', '1')] },
      { remove: ['c', 'a'], set: [line('b', '2')], append: [line('e', '1')] },
    ),
  ).toEqual({ remove: ['a', 'c'], set: [line('b', '2')], append: [line('d', '1'), line('e', '1')] });
});

import { describe, expect, it } from 'vitest';
import { SocketBench } from './bench.ts';
import { ALLOWED, BLOCKED, FILTERED, FORCED, pingOf, turn } from './dialogue.ts';
import { closeFrame, frame, OPCODES, readFrames, serverFrame } from './frames.ts';

const EMPTY = Buffer.alloc(0);
const PING = frame('p', { opcode: OPCODES.ping, mask: [9, 8, 7, 6] });
const PONG = frame('q', { opcode: OPCODES.pong });
const LONG = turn({ model: 'gpt-allowed-1', service_tier: 'priority', input: 'é'.repeat(40_000) });

describe.each(['STREAMED', 'FULL_DUPLEX_STREAMED'] as const)('request %s', (request) => {
  const open = () => new SocketBench({ request });

  it.each([
    ['one message', frame(ALLOWED)],
    ['a long message', frame(LONG)],
    ['a message of 126 bytes', frame(turn({ a: 'x'.repeat(126 - turn({ a: '' }).length) }))],
    ['several messages', Buffer.concat([frame(ALLOWED), frame('{}'), frame(''), frame(ALLOWED)])],
    [
      'fragments',
      Buffer.concat([
        frame(ALLOWED.slice(0, 9), { fin: false, mask: [1, 2, 3, 4] }),
        frame('', { fin: false, opcode: 0 }),
        frame(ALLOWED.slice(9), { opcode: 0, mask: [0, 0, 0, 0] }),
      ]),
    ],
    ['no turn at all', frame('{"type":"input_audio_buffer.append","audio":"AAAA"}')],
    ['a turn without a tier', frame(turn({ model: 'gpt-5' }))],
  ])('keeps the very chunk of %s', (_, bytes) => {
    const bench = open();
    bench.clientSends(bytes);
    const [reply, ...more] = bench.replies.slice(2);
    if (request === 'STREAMED') {
      expect(more).toEqual([]);
      expect(reply).toMatchObject({ kind: 'body', direction: 'request', body: { kind: 'keep' } });
    } else {
      const chunks = [reply, ...more].map((chunk) => (chunk?.kind === 'chunk' ? chunk.bytes : EMPTY));
      // Not even copied.
      for (const chunk of chunks) expect(chunk.buffer).toBe(bytes.buffer);
    }
    expect(bench.upstream.equals(bytes)).toBe(true);
  });

  it('keeps the very chunk of what the provider sends', () => {
    for (const response of ['STREAMED', 'FULL_DUPLEX_STREAMED'] as const) {
      const bench = new SocketBench({ request, response });
      const bytes = Buffer.concat([serverFrame('a'.repeat(300)), serverFrame('b', { fin: false })]);
      bench.providerSends(bytes.subarray(0, 100));
      bench.providerSends(bytes.subarray(100));
      const replies = bench.replies.slice(2);
      if (response === 'STREAMED') {
        expect(replies).toMatchObject([{ body: { kind: 'keep' } }, { body: { kind: 'keep' } }]);
      } else expect(replies).toHaveLength(2);
      expect(bench.client).toEqual(bytes);
    }
  });

  it.each([
    ['filtered', FILTERED, turn({ model: 'gpt-5', input: 'hé' })],
    ['forced', FORCED, turn({ model: 'gpt-5', service_tier: 'default', input: 'hé' })],
  ])('sends a message that is %s as one frame with a fresh mask', (_, before, after) => {
    const bench = open();
    const bytes = Buffer.from(before);
    const fragments = [
      frame(bytes.subarray(0, 30), { fin: false, opcode: OPCODES.binary }),
      PING,
      frame(bytes.subarray(30, 31), { fin: false, opcode: 0 }),
      frame(bytes.subarray(31), { opcode: 0 }),
    ];
    bench.clientSends(Buffer.concat([...fragments, ...fragments]));
    const frames = readFrames(bench.upstream);
    expect(frames).toMatchObject([
      { opcode: OPCODES.ping },
      { opcode: OPCODES.binary, fin: true, masked: true, payload: Buffer.from(after) },
      { opcode: OPCODES.ping },
      { opcode: OPCODES.binary, fin: true, masked: true, payload: Buffer.from(after) },
    ]);
    const half = bench.upstream.length / 2;
    const masks = [0, half].map((start) => bench.upstream.subarray(start + PING.length + 2).subarray(0, 4));
    expect(masks[0]).not.toEqual(masks[1]);
    expect(bench.upstream.subarray(0, PING.length)).toEqual(PING);
  });

  it('holds a message until it is complete, in whatever pieces it comes', () => {
    const message = frame(LONG);
    for (const size of [1, 1_000, 40_000]) {
      const bench = open();
      const bytes = size === 1 ? frame(ALLOWED) : message;
      for (let at = 0; at < bytes.length; at += size) {
        expect([bench.upstream.length, bench.environment.held.held]).toEqual([0, at]);
        bench.clientSends(bytes.subarray(at, at + size));
      }
      expect(bench.upstream.equals(bytes)).toBe(true);
      expect(bench.environment.held.held).toBe(0);
      expect(bench.decisions).toMatchObject([{ bytes: Buffer.byteLength(size === 1 ? ALLOWED : LONG) }]);
    }
  });

  it('sends control frames with the chunk that brought them, ahead of held fragments', () => {
    const bench = open();
    const [first, second, last] = [
      frame(ALLOWED.slice(0, 9), { fin: false }),
      frame(ALLOWED.slice(9, 20), { fin: false, opcode: 0 }),
      frame(ALLOWED.slice(20), { opcode: 0 }),
    ] as const;
    bench.clientSends(Buffer.concat([PONG, first, PING]));
    expect(bench.takeUpstream()).toEqual(Buffer.concat([PONG, PING]));
    bench.clientSends(PING.subarray(0, 3));
    expect(bench.takeUpstream()).toEqual(EMPTY);
    bench.clientSends(Buffer.concat([PING.subarray(3), second.subarray(0, 5)]));
    expect(bench.takeUpstream()).toEqual(PING);
    bench.clientSends(Buffer.concat([second.subarray(5), PONG, last, PING]));
    expect(bench.takeUpstream()).toEqual(Buffer.concat([first, second, PONG, last, PING]));
  });

  it('sends a Close on, drops what was held, and lets nothing behind it pass', () => {
    const bench = open();
    const close = closeFrame(1000, 'enough');
    bench.clientSends(frame(ALLOWED, { fin: false }));
    bench.clientSends(Buffer.concat([PING, close, frame(ALLOWED), PING]));
    bench.clientSends(frame(FILTERED));
    bench.clientSends(closeFrame(1001));
    bench.clientSends(frame(BLOCKED));
    expect(bench.upstream).toEqual(Buffer.concat([PING, close]));
    expect(bench.environment.held.held).toBe(0);
    expect(bench.decisions).toEqual([]);
    expect(bench.timer).toBeUndefined();
    bench.providerSends(closeFrame(1000, '', { mask: undefined }));
    expect(bench.client).toEqual(closeFrame(1000, '', { mask: undefined }));
  });

  it('answers an empty chunk with an empty one, for which Envoy waits in full duplex', () => {
    for (const path of ['/v1/responses', '/v1/other']) {
      const bench = new SocketBench({ path, request, response: request });
      bench.clientSends(EMPTY);
      bench.providerSends(EMPTY);
      const replies = bench.replies.slice(2);
      expect(replies.map(({ direction }) => direction)).toEqual(['request', 'response']);
      for (const reply of replies) {
        if (request === 'STREAMED') expect(reply).toMatchObject({ kind: 'body', body: { kind: 'keep' } });
        else expect(reply).toMatchObject({ kind: 'chunk', bytes: { length: 0 }, endOfStream: false });
      }
    }
  });

  it('answers empty chunks at any time', () => {
    const bench = open();
    bench.clientSends(EMPTY);
    bench.providerSends(EMPTY);
    bench.clientSends(frame(ALLOWED).subarray(0, 5));
    bench.clientSends(EMPTY);
    bench.clientSends(frame(ALLOWED).subarray(5));
    bench.clientSends(EMPTY);
    bench.clientSends(frame(BLOCKED));
    bench.clientSends(EMPTY);
    bench.clientSends(EMPTY, true);
    const [message, ...rest] = readFrames(bench.upstream);
    expect(message?.payload.toString()).toBe(ALLOWED);
    expect(rest.map(({ opcode }) => opcode)).toEqual([OPCODES.ping]);
    expect(pingOf(bench.upstream).masked).toBe(true);
  });
});

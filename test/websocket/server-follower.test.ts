import { describe, expect, it } from 'vitest';
import { ServerFollower } from '../../src/websocket/server-follower.ts';
import { hear, told } from './oracle.ts';
import { CODES, closing, cut, type FrameOptions, frame, server, singly } from './support.ts';

/** What goes on of the chunks. */
function followAll(follower: ServerFollower, chunks: readonly Uint8Array[]): Buffer {
  return Buffer.concat(chunks.flatMap((chunk) => [...follower.follow(chunk)]));
}

describe('boundaries', () => {
  it('are known at the start, and lost within a head and a payload', () => {
    const follower = new ServerFollower();
    expect([follower.atFrameBoundary, follower.atMessageBoundary]).toEqual([true, true]);
    const bytes = server(CODES.text, 'abc');
    for (let at = 0; at < bytes.length; at++) {
      expect(follower.follow(bytes.subarray(at, at + 1))).toEqual([bytes.subarray(at, at + 1)]);
      expect(follower.atFrameBoundary).toBe(at === bytes.length - 1);
    }
  });

  it('give the chunk itself on where nothing is taken out', () => {
    const chunk = Buffer.concat([
      server(CODES.text, 'a'),
      server(CODES.ping),
      server(CODES.binary, 'bc').subarray(0, 1),
    ]);
    const [only, ...more] = new ServerFollower().follow(chunk);
    expect(only).toBe(chunk);
    expect(more).toEqual([]);
  });

  it('stop at the first one, at which it may be already', () => {
    const follower = new ServerFollower();
    const [one, two] = [server(CODES.text, 'one'), server(CODES.text, 'two')];
    const bytes = Buffer.concat([one, two]);
    expect(follower.followTo('frame', bytes)).toEqual({ before: [], reached: true, rest: bytes });
    follower.follow(one.subarray(0, 2));
    const { before, reached, rest } = follower.followTo('frame', bytes.subarray(2));
    expect([Buffer.concat(before), reached, rest]).toEqual([one.subarray(2), true, two]);
  });

  it('of a message lie behind all its fragments, and pass control frames by', () => {
    const parts = [server(CODES.text, 'a', false), server(CODES.ping, 'p'), server(CODES.continuation, 'b')];
    const follower = new ServerFollower();
    follower.follow(Buffer.concat(parts.slice(0, 1)));
    expect([follower.atFrameBoundary, follower.atMessageBoundary]).toEqual([true, false]);
    const rest = Buffer.concat([...parts.slice(1), server(CODES.text, 'next')]);
    expect(follower.followTo('frame', rest)).toEqual({ before: [], reached: true, rest });
    const { before, reached } = follower.followTo('message', rest);
    expect([Buffer.concat(before), reached]).toEqual([Buffer.concat(parts.slice(1)), true]);
  });

  it('are not reached where the bytes end before', () => {
    const follower = new ServerFollower();
    const bytes = server(CODES.text, 'abc');
    follower.follow(bytes.subarray(0, 1));
    const followed = follower.followTo('frame', bytes.subarray(1, 4));
    expect([Buffer.concat(followed.before), followed.reached, followed.rest.length]).toEqual([
      bytes.subarray(1, 4),
      false,
      0,
    ]);
    expect(follower.followTo('frame', new Uint8Array(0)).reached).toBe(false);
    expect(follower.followTo('frame', bytes.subarray(4)).reached).toBe(true);
  });

  it('stay known with reserved bits and with lengths that are not in their shortest form', () => {
    const follower = new ServerFollower();
    follower.follow(frame({ opcode: 1, rsv: 7, payload: 'x', lengthBytes: 8 }));
    follower.follow(frame({ opcode: 9, payload: 'x', lengthBytes: 2 }));
    expect([follower.lost, follower.atMessageBoundary]).toEqual([false, true]);
  });
});

describe('Close', () => {
  it('has passed when its last byte has', () => {
    const follower = new ServerFollower();
    const bytes = server(CODES.close, closing(1000));
    follower.follow(bytes.subarray(0, -1));
    expect(follower.closed).toBe(false);
    follower.follow(bytes.subarray(-1));
    expect(follower.closed).toBe(true);
    const empty = new ServerFollower();
    empty.follow(server(CODES.close));
    expect(empty.closed).toBe(true);
  });
});

describe('bytes that are no frames', () => {
  const broken: readonly (readonly [string, FrameOptions])[] = [
    ['a masked frame', { opcode: 1, mask: [1, 2, 3, 4] }],
    ['a reserved opcode of data', { opcode: 3 }],
    ['a reserved opcode of control', { opcode: 11 }],
    ['a sign bit', { opcode: 1, lengthBytes: 8, announced: 1n << 63n }],
    ['2^53 bytes', { opcode: 1, lengthBytes: 8, announced: 1n << 53n }],
    ['a control frame in fragments', { opcode: 10, fin: false }],
    ['a control frame of 126 bytes', { opcode: 9, payload: 'x'.repeat(126) }],
    ['a continuation of no message', { opcode: 0 }],
  ];

  it.each(broken)('%s: all passes, and no boundary is known', (_name, options) => {
    for (const awaited of [undefined, Buffer.from('p')]) {
      const bytes = Buffer.concat([
        server(CODES.text, 'a'),
        frame(options),
        server(CODES.pong, 'p'),
        server(CODES.close),
      ]);
      for (const chunks of [[bytes], singly(bytes)]) {
        const follower = new ServerFollower();
        if (awaited !== undefined) follower.dropPong(awaited);
        expect(followAll(follower, chunks)).toEqual(bytes);
        expect([follower.lost, follower.atFrameBoundary, follower.closed]).toEqual([true, false, false]);
        expect(follower.followTo('frame', bytes)).toEqual({
          before: [bytes],
          reached: false,
          rest: Buffer.alloc(0),
        });
      }
    }
  });

  it('a message inside another one', () => {
    const follower = new ServerFollower();
    follower.follow(server(CODES.text, 'a', false));
    follower.follow(server(CODES.binary, 'b'));
    expect(follower.lost).toBe(true);
  });
});

describe('our Pong', () => {
  const payload = Buffer.from('f00dcafe');
  const pong = server(CODES.pong, payload);

  it('is taken out once, in whatever cut, and no other', () => {
    const around = [
      server(CODES.text, 'a'),
      server(CODES.pong, 'f00dcaff'),
      server(CODES.pong),
      server(CODES.ping, payload),
    ];
    const bytes = Buffer.concat([...around, pong, ...around, pong]);
    for (const chunks of [[bytes], singly(bytes), cut(bytes, [1, 10, 35, 36, 37])]) {
      const follower = new ServerFollower();
      follower.dropPong(payload);
      expect(followAll(follower, chunks)).toEqual(Buffer.concat([...around, ...around, pong]));
      expect(follower.atMessageBoundary).toBe(true);
    }
  });

  it('is kept back while it comes; between two frames is behind it', () => {
    const follower = new ServerFollower();
    follower.dropPong(payload);
    for (const byte of singly(pong.subarray(0, -1))) {
      expect(follower.follow(byte)).toEqual([]);
      expect(follower.atFrameBoundary).toBe(false);
    }
    const text = server(CODES.text, 'x');
    const { before, reached, rest } = follower.followTo('frame', Buffer.concat([pong.subarray(-1), text]));
    expect([before, reached, Buffer.from(rest)]).toEqual([[], true, text]);
  });

  it('of no bytes is taken out too', () => {
    for (const split of [0, 1, 2]) {
      const follower = new ServerFollower();
      follower.dropPong(new Uint8Array(0));
      const bytes = server(CODES.pong);
      expect(followAll(follower, [bytes.subarray(0, split), bytes.subarray(split)])).toHaveLength(0);
      expect(follower.atFrameBoundary).toBe(true);
    }
  });

  it('is not one that began before it was awaited', () => {
    const follower = new ServerFollower();
    expect(followAll(follower, [pong.subarray(0, 1)])).toEqual(pong.subarray(0, 1));
    follower.dropPong(payload);
    expect(followAll(follower, [pong.subarray(1)])).toEqual(pong.subarray(1));
    expect(followAll(follower, [pong])).toHaveLength(0);
  });

  it('is not what has a longer form of length, a mask, or reserved bits', () => {
    for (const options of [{ lengthBytes: 2 }, { mask: [0, 0, 0, 0] }, { rsv: 1 }] as const) {
      const bytes = frame({ opcode: 10, payload, ...options });
      for (const chunks of [[bytes], singly(bytes)]) {
        const follower = new ServerFollower();
        follower.dropPong(payload);
        expect(followAll(follower, chunks)).toEqual(bytes);
      }
    }
  });

  it('is known whatever becomes of the memory that named it', () => {
    const follower = new ServerFollower();
    const named = Buffer.from(payload);
    follower.dropPong(named);
    named.fill(0);
    expect(followAll(follower, [pong])).toHaveLength(0);
  });

  it('can be awaited several times; the newest eight are', () => {
    const follower = new ServerFollower();
    for (let index = 0; index < 9; index++) follower.dropPong(Buffer.from([index]));
    const pongs = Array.from({ length: 9 }, (_, index) => server(CODES.pong, Buffer.from([index])));
    expect(followAll(follower, pongs)).toEqual(pongs[0]);
  });
});

describe('the end of an open message', () => {
  it('is nothing where none is open', () => {
    const follower = new ServerFollower();
    follower.follow(server(CODES.text, 'a'));
    expect(follower.endOpenMessage()).toBeUndefined();
  });

  it.each([
    [[0x61], []],
    [[0xc3], [0x80]],
    [[0xdf], [0x80]],
    [[0xe0], [0xa0, 0x80]],
    [[0xe0, 0xbf], [0x80]],
    [[0xed], [0x80, 0x80]],
    [[0xef, 0xbf], [0x80]],
    [[0xf0], [0x90, 0x80, 0x80]],
    [
      [0xf0, 0x9f],
      [0x80, 0x80],
    ],
    [[0xf4], [0x80, 0x80, 0x80]],
    [[0xf4, 0x8f, 0xbf], [0x80]],
    [[0xf4, 0x8f, 0xbf, 0xbf], []],
    [[0x61, 0x62, 0x63, 0xc3, 0xbc], []],
    [[], []],
    // No text at all: nothing can mend it.
    [[0x80, 0x80, 0x80], []],
    [[0xff], []],
  ])('completes the character of a text that stops with %j', (bytes, missing) => {
    const payload = Buffer.from(bytes);
    for (const parts of [[payload], singly(payload)]) {
      const follower = new ServerFollower();
      const frames = [
        server(CODES.text, '', false),
        ...parts.map((part) => server(CODES.continuation, part, false)),
      ];
      for (const one of frames) follower.follow(one);
      expect(follower.endOpenMessage()).toEqual(server(CODES.continuation, Buffer.from(missing)));
      expect([follower.atMessageBoundary, follower.endOpenMessage()]).toEqual([true, undefined]);
    }
  });

  it('is empty for binary and compressed messages', () => {
    for (const options of [{ opcode: 2 }, { opcode: 1, rsv: 4 }]) {
      const follower = new ServerFollower();
      follower.follow(frame({ ...options, fin: false, payload: Buffer.from([0xe2]) }));
      expect(follower.endOpenMessage()).toEqual(server(CODES.continuation));
    }
  });

  it('makes a client read what comes behind it', () => {
    const follower = new ServerFollower();
    const open = server(CODES.text, Buffer.from([0x61, 0xe2]), false);
    follower.follow(open);
    const end = follower.endOpenMessage() ?? Buffer.alloc(0);
    expect(
      hear('client', [open, end, server(CODES.text, 'event'), server(CODES.close, closing(1008))]),
    ).toEqual({
      events: [
        told('text', Buffer.from([0x61, 0xe2, 0x80, 0x80])),
        told('text', Buffer.from('event')),
        told('close', 1008),
      ],
      error: undefined,
    });
  });
});

describe('payload listener', () => {
  it('hears data messages in their order, with their ends, and no others', () => {
    const heard: string[] = [];
    const follower = new ServerFollower();
    follower.onPayload = (bytes, end, opcode) =>
      heard.push(`${opcode} ${Buffer.from(bytes).toString()}${end ? '.' : ''}`);
    const first = server(CODES.text, 'abcd', false);
    follower.follow(first.subarray(0, 4));
    follower.follow(Buffer.concat([first.subarray(4), server(CODES.ping, 'no'), server(CODES.continuation)]));
    follower.follow(frame({ opcode: 1, rsv: 4, payload: 'compressed' }));
    follower.follow(server(CODES.binary, 'e'));
    expect(heard).toEqual(['text ab', 'text cd', 'text .', 'binary e.']);
  });
});

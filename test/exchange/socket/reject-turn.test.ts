import { describe, expect, it } from 'vitest';
import { SocketBench } from './bench.ts';
import { ALLOWED, BLOCKED, eventOf, pingOf, socketsWith, tailOf, turn } from './dialogue.ts';
import { closeFrame, frame, OPCODES, readFrames, serverFrame } from './frames.ts';

const EMPTY = Buffer.alloc(0);
const HELLO = serverFrame('hello');
const PAIRS = [
  ['STREAMED', 'STREAMED'],
  ['STREAMED', 'FULL_DUPLEX_STREAMED'],
  ['FULL_DUPLEX_STREAMED', 'STREAMED'],
  ['FULL_DUPLEX_STREAMED', 'FULL_DUPLEX_STREAMED'],
] as const;

const blockedOn = (lane: string) => frame(turn({ stream_id: lane, service_tier: 'ultrafast', model: lane }));
const allowedOn = (lane: string) => frame(turn({ stream_id: lane }));

describe.each(PAIRS)('reject_turn with request %s, response %s', (request, response) => {
  const direct = response === 'FULL_DUPLEX_STREAMED';

  /** A socket on which the provider has spoken. */
  function open(): SocketBench {
    const bench = new SocketBench({
      environment: socketsWith({ onBlock: 'reject_turn' }),
      request,
      response,
    });
    bench.providerSends(HELLO);
    bench.takeClient();
    return bench;
  }

  const lanesOf = (bytes: Buffer) =>
    readFrames(bytes)
      .filter(({ payload }) => payload.includes('"error"'))
      .map((said) => eventOf(said).stream_id);

  it('says the event with its lane, drops the Pong, and keeps the socket', () => {
    const bench = open();
    bench.clientSends(Buffer.concat([allowedOn('a'), blockedOn('b'), allowedOn('c')]));
    const texts = readFrames(bench.upstream).filter(({ opcode }) => opcode === OPCODES.text);
    expect(texts.map(({ payload }) => JSON.parse(payload.toString()).stream_id)).toEqual(['a', 'c']);
    if (!direct) {
      expect(bench.timer).toBe(2_000);
      const pong = serverFrame(pingOf(bench.upstream).payload, { opcode: OPCODES.pong });
      for (const byte of pong) bench.providerSends(Buffer.of(byte));
    }
    expect(bench.timer).toBeUndefined();
    const [said, ...more] = readFrames(bench.takeClient());
    expect(more).toEqual([]);
    expect(eventOf(said)).toMatchObject({ stream_id: 'b', status: 400, error: { code: 'policy_violation' } });
    bench.takeUpstream();
    bench.clientSends(frame(ALLOWED));
    expect(bench.upstream).toEqual(frame(ALLOWED));
    bench.providerSends(HELLO);
    expect(bench.client).toEqual(HELLO);
    expect(bench.decisions.map(({ action, stream_id }) => [action, stream_id])).toEqual([
      ['pass', 'a'],
      ['block', 'b'],
      ['pass', 'c'],
      ['pass', undefined],
    ]);
    bench.clientSends(closeFrame(1000));
    bench.end();
    expect(bench.notes.at(-1)).toMatchObject({
      end: 'client_close',
      code: undefined,
      told: undefined,
      turns: 3,
    });
  });

  it('tells of several turns with one Ping, before the bytes on which they ride', () => {
    const bench = open();
    bench.clientSends(blockedOn('a'));
    bench.clientSends(Buffer.concat([blockedOn('b'), blockedOn('c')]));
    if (!direct) expect(pingOf(bench.upstream).masked).toBe(true);
    expect(bench.decisions).toHaveLength(3);
    bench.providerSends(HELLO);
    expect(lanesOf(bench.client)).toEqual(['a', 'b', 'c']);
    expect(readFrames(bench.client).at(-1)?.payload.toString()).toBe('hello');
    expect(bench.timer).toBeUndefined();
    // The Pong of a Ping that was not needed any more is dropped all the same, and others are not.
    if (direct) return;
    bench.takeClient();
    const { payload } = pingOf(bench.takeUpstream());
    const other = serverFrame(Buffer.from(payload).reverse(), { opcode: OPCODES.pong });
    const pong = serverFrame(payload, { opcode: OPCODES.pong });
    bench.providerSends(Buffer.concat([other, pong, pong, HELLO]));
    expect(bench.client).toEqual(Buffer.concat([other, pong, HELLO]));
    bench.clientSends(blockedOn('d'));
    expect(pingOf(bench.upstream).payload).not.toEqual(payload);
  });

  it('waits for the end of a fragmented message, through frames of control', () => {
    const bench = open();
    const first = serverFrame('one, ', { fin: false });
    bench.providerSends(first);
    bench.clientSends(blockedOn('a'));
    const ping = serverFrame('p', { opcode: OPCODES.ping });
    bench.providerSends(Buffer.concat([ping, serverFrame('two, ', { fin: false, opcode: 0 })]));
    expect(lanesOf(bench.client)).toEqual([]);
    const last = serverFrame('three', { opcode: OPCODES.continuation });
    bench.providerSends(last.subarray(0, 4));
    bench.providerSends(Buffer.concat([last.subarray(4), HELLO]));
    const frames = readFrames(bench.client);
    expect(frames.map(({ opcode, fin }) => [opcode, fin])).toEqual([
      [1, false],
      [9, true],
      [0, false],
      [0, true],
      [1, true],
      [1, true],
    ]);
    expect(lanesOf(bench.client)).toEqual(['a']);
    expect(bench.timer).toBeUndefined();
  });

  it('is the end where the event cannot be delivered in time', () => {
    const bench = open();
    bench.providerSends(serverFrame('open', { fin: false }));
    bench.clientSends(blockedOn('a'));
    // What is left of the wait is not begun anew by another turn.
    bench.now += 1_500;
    bench.timer = 500;
    bench.clientSends(blockedOn('b'));
    expect(bench.timer).toBe(500);
    bench.timeOut();
    expect(bench.immediate).toMatchObject({ status: 403, details: 'tiergate_policy_violation' });
    bench.clientSends(allowedOn('c'));
    bench.end();
    expect(bench.notes.at(-1)).toMatchObject({ end: 'refused', code: 'policy_violation', told: false });
    expect(bench.decisions).toHaveLength(2);
  });

  it.each([
    ['has sent its Close', closeFrame(1000, '', { mask: undefined })],
    ['sends what is no frame', Buffer.from('HTTP/1.1 200 OK')],
  ])('says nothing behind a provider that %s', (_, bytes) => {
    const bench = open();
    bench.providerSends(bytes);
    bench.clientSends(blockedOn('a'));
    bench.providerSends(HELLO);
    expect(bench.client).toEqual(Buffer.concat([bytes, HELLO]));
    bench.timeOut();
    expect(bench.immediate?.details).toBe('tiergate_policy_violation');
  });

  it('says nothing in an answer other than 101', () => {
    const bench = new SocketBench({
      environment: socketsWith({ onBlock: 'reject_turn' }),
      request,
      response,
      status: '404',
    });
    bench.providerSends(HELLO);
    bench.clientSends(blockedOn('a'));
    bench.providerSends(HELLO, true);
    expect(bench.client).toEqual(Buffer.concat([HELLO, HELLO]));
  });

  it('ends the socket for what cannot be read, behind the events that wait', () => {
    const bench = open();
    bench.providerSends(serverFrame('open', { fin: false }));
    bench.clientSends(blockedOn('a'));
    bench.clientSends(Buffer.concat([frame('x', { rsv: 4 }), allowedOn('b')]));
    if (!direct) bench.providerSends(HELLO);
    const { before, event, close } = tailOf(bench.client);
    expect(before.map(({ opcode }) => opcode)).toEqual([1, 0, 1]);
    expect(eventOf(before[2]).stream_id).toBe('a');
    expect(event.error.code).toBe('protocol_error');
    expect(close.code).toBe(1002);
    expect(readFrames(bench.upstream).filter(({ opcode }) => opcode === OPCODES.text)).toEqual([]);
    bench.end();
    expect(bench.notes.at(-1)).toMatchObject({ end: 'refused', code: 'protocol_error', told: true });
  });

  it('asks anew for last words, since the answer to an earlier Ping may have come where an event could not', () => {
    const bench = open();
    bench.providerSends(serverFrame('open', { fin: false }));
    bench.clientSends(blockedOn('a'));
    if (direct) return;
    bench.providerSends(serverFrame(pingOf(bench.takeUpstream()).payload, { opcode: OPCODES.pong }));
    expect(lanesOf(bench.client)).toEqual([]);
    bench.clientSends(frame('x', { rsv: 4 }));
    bench.providerSends(serverFrame(pingOf(bench.takeUpstream()).payload, { opcode: OPCODES.pong }));
    expect(tailOf(bench.client).close.code).toBe(1002);
  });

  it('puts the decision into the metadata although nothing else goes upstream', () => {
    const bench = open();
    bench.clientSends(blockedOn('a'));
    expect(bench.metadata.at(-1)).toMatchObject({ action: 'block' });
    bench.clientSends(frame(BLOCKED.slice(0, 9), { fin: false }));
    expect(bench.takeUpstream().includes('response')).toBe(false);
    expect(bench.takeUpstream()).toEqual(EMPTY);
  });

  it('refuses what is no JSON and keeps the socket', () => {
    const bench = open();
    bench.clientSends(Buffer.concat([frame('{'), allowedOn('a')]));
    bench.providerSends(HELLO);
    const [said] = readFrames(bench.client);
    expect(eventOf(said)).toMatchObject({ error: { code: 'malformed_json' } });
    expect(readFrames(bench.upstream).filter(({ opcode }) => opcode === 1)).toHaveLength(1);
  });
});

import { describe, expect, it } from 'vitest';
import { SocketBench } from './bench.ts';
import { ALLOWED, BLOCKED, pingOf, tailOf } from './dialogue.ts';
import { closeFrame, frame, OPCODES, readFrames, serverFrame } from './frames.ts';

const EMPTY = Buffer.alloc(0);
const PAIRS = [
  ['STREAMED', 'STREAMED'],
  ['STREAMED', 'FULL_DUPLEX_STREAMED'],
  ['FULL_DUPLEX_STREAMED', 'STREAMED'],
  ['FULL_DUPLEX_STREAMED', 'FULL_DUPLEX_STREAMED'],
] as const;
const DELTA = serverFrame('{"type":"response.output_text.delta","delta":"hé"}');

describe.each(PAIRS)('a block with request %s, response %s', (request, response) => {
  /** A socket on which the provider has sent `greeting` before the message that is blocked. */
  function blocked(...greeting: readonly Buffer[]): SocketBench {
    const bench = new SocketBench({ request, response });
    for (const bytes of greeting) bench.providerSends(bytes);
    bench.clientSends(frame(BLOCKED));
    expect(bench.upstream.includes('secret')).toBe(false);
    return bench;
  }
  /** Whether the event can be said without bytes of the provider. */
  const direct = response === 'FULL_DUPLEX_STREAMED';

  /** The Pong that a provider answers with. */
  function pong(bench: SocketBench): Buffer {
    return serverFrame(pingOf(bench.upstream).payload, { opcode: OPCODES.pong });
  }

  function expectTail(bench: SocketBench, before: readonly Buffer[] = []): void {
    const tail = tailOf(bench.client);
    expect(tail.before).toEqual(readFrames(Buffer.concat(before)));
    expect(tail.event).toEqual({
      event_id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
      type: 'error',
      status: 400,
      error: {
        type: 'invalid_request_error',
        code: 'policy_violation',
        message: 'not ultrafast',
        param: 'service_tier',
      },
    });
    expect(tail.close).toEqual({ code: 1008, reason: 'not ultrafast' });
    expect(bench.timer).toBe(1_000);
    // Nothing of the provider comes behind it, and the client's messages go nowhere.
    const said = bench.client.length;
    const gone = bench.upstream.length;
    bench.providerSends(DELTA);
    bench.clientSends(frame(ALLOWED));
    expect(bench.client.length).toBe(said);
    expect(bench.upstream.length).toBe(gone);
    expect(bench.decisions).toHaveLength(1);
    bench.end();
    expect(bench.notes.at(-1)).toMatchObject({
      kind: 'closed',
      end: 'refused',
      code: 'policy_violation',
      told: true,
      turns: 0,
    });
  }

  it('asks a silent provider with one Ping, and speaks on its Pong, which the client does not see', () => {
    const bench = blocked();
    expect(bench.client).toEqual(EMPTY);
    expect(bench.timer).toBe(2_000);
    const [ping, ...more] = readFrames(bench.upstream);
    expect(more).toEqual([]);
    expect(ping).toMatchObject({ opcode: OPCODES.ping, masked: true });
    expect(ping?.payload.length).toBeGreaterThanOrEqual(4);
    bench.providerSends(pong(bench));
    expectTail(bench);
  });

  it('speaks at once where the provider has greeted and the direction can', () => {
    const bench = blocked(DELTA);
    if (direct) {
      expect(bench.upstream).toEqual(EMPTY);
      expect(bench.metadata.at(-1)).toMatchObject({ action: 'block', code: 'policy_violation' });
    } else bench.providerSends(pong(bench));
    expectTail(bench, [DELTA]);
  });

  it('speaks on the empty chunk that Envoy sends at the upgrade', () => {
    const bench = blocked(EMPTY);
    if (!direct) bench.providerSends(pong(bench));
    expectTail(bench);
    const early = blocked();
    early.providerSends(EMPTY);
    expectTail(early);
  });

  it('waits for the end of the frame that the provider is in the middle of, wherever that is cut', () => {
    for (let cut = 1; cut < DELTA.length; cut++) {
      const bench = blocked(DELTA.subarray(0, cut));
      expect(bench.client).toEqual(DELTA.subarray(0, cut));
      bench.providerSends(Buffer.concat([DELTA.subarray(cut), DELTA, DELTA]));
      expectTail(bench, [DELTA]);
    }
  });

  it('ends a fragmented message of the provider, also inside a character of it', () => {
    const text = Buffer.from('aé€𝄞');
    for (let cut = 0; cut <= text.length; cut++) {
      const first = serverFrame(text.subarray(0, cut), { fin: false });
      const bench = blocked(first);
      if (!direct) bench.providerSends(pong(bench));
      const frames = readFrames(bench.client);
      expect(frames).toHaveLength(4);
      const [begin, end] = frames;
      expect(begin).toMatchObject({ opcode: OPCODES.text, fin: false });
      expect(end).toMatchObject({ opcode: OPCODES.continuation, fin: true });
      const message = Buffer.concat([begin?.payload ?? EMPTY, end?.payload ?? EMPTY]);
      const decoded = new TextDecoder('utf-8', { fatal: true }).decode(message);
      expect(
        decoded.startsWith(
          text
            .subarray(0, cut)
            .toString()
            .replace(/\ufffd.*/, ''),
        ),
      ).toBe(true);
      expect(tailOf(bench.client).close.code).toBe(1008);
    }
  });

  it('speaks between two frames of a fast provider', () => {
    const bench = blocked(DELTA, DELTA.subarray(0, 7));
    bench.providerSends(DELTA.subarray(7, 20));
    bench.providerSends(Buffer.concat([DELTA.subarray(20), DELTA.subarray(0, 3)]));
    bench.providerSends(DELTA.subarray(3));
    expectTail(bench, [DELTA, DELTA]);
  });

  it.each([
    ['has sent its Close', closeFrame(1000, 'bye', { mask: undefined })],
    ['sends what is no frame', Buffer.from('HTTP/1.1 200 OK')],
    ['masks its frames', frame('masked')],
  ])('cuts the socket where the provider %s', (_, bytes) => {
    const bench = blocked(bytes);
    bench.providerSends(DELTA);
    expect(bench.client).toEqual(Buffer.concat([bytes, DELTA]));
    bench.timeOut();
    expect(bench.immediate).toMatchObject({ status: 403, details: 'tiergate_policy_violation' });
    bench.end();
    expect(bench.notes.at(-1)).toMatchObject({ end: 'refused', code: 'policy_violation', told: false });
  });

  it('passes a Close that the provider was in the middle of, and is cut then', () => {
    const close = closeFrame(1000, 'bye', { mask: undefined });
    const bench = blocked(close.subarray(0, 3));
    bench.providerSends(Buffer.concat([close.subarray(3), DELTA]));
    expect(bench.client).toEqual(Buffer.concat([close, DELTA]));
    bench.timeOut();
    bench.end();
    expect(bench.notes.at(-1)).toMatchObject({ told: false, end: 'refused' });
  });

  it('speaks before a Close of the provider that comes after the block', () => {
    const bench = blocked(DELTA.subarray(0, 9));
    bench.providerSends(Buffer.concat([DELTA.subarray(9), closeFrame(1000, 'bye', { mask: undefined })]));
    expectTail(bench, [DELTA]);
  });

  it('leaves an answer other than 101 alone', () => {
    const bench = new SocketBench({ request, response, status: '200' });
    const page = Buffer.concat([DELTA, Buffer.from('<html>')]);
    bench.providerSends(page);
    bench.clientSends(frame(BLOCKED));
    bench.providerSends(page, true);
    expect(bench.client).toEqual(Buffer.concat([page, page]));
    bench.timeOut();
    expect(bench.immediate?.details).toBe('tiergate_policy_violation');
    bench.end();
    expect(bench.notes.at(-1)).toMatchObject({ told: false });
  });

  it('speaks with the last bytes of a provider that hangs up', () => {
    const bench = blocked();
    bench.providerSends(EMPTY, true);
    expect(tailOf(bench.client).close.code).toBe(1008);
  });

  it('waits for an answer to the handshake', () => {
    const bench = new SocketBench({ request, response, status: null });
    bench.clientSends(frame(BLOCKED));
    bench.answer('101');
    expect(bench.client).toEqual(EMPTY);
    bench.providerSends(pong(bench));
    expectTail(bench);
  });

  it('sends what was clean before the message, and nothing from behind it', () => {
    const bench = new SocketBench({ request, response });
    const note = frame('{"type":"session.update"}');
    const ping = frame('p', { opcode: OPCODES.ping });
    const begun = frame(BLOCKED.slice(0, 20), { fin: false });
    const rest = frame(BLOCKED.slice(20), { opcode: OPCODES.continuation });
    const behind = [frame(ALLOWED), ping, frame('x', { rsv: 4 }), Buffer.from('rubbish')];
    bench.clientSends(Buffer.concat([note, begun, ping, rest, ...behind]));
    const frames = readFrames(bench.upstream);
    expect(frames.map(({ opcode }) => opcode)).toEqual([OPCODES.text, OPCODES.ping, OPCODES.ping]);
    expect(bench.upstream.subarray(0, note.length + ping.length)).toEqual(Buffer.concat([note, ping]));
    expect(frames[2]?.payload).not.toEqual(frames[1]?.payload);
  });

  it('takes another Ping payload, mask and event id each time', () => {
    const environment = blocked().environment;
    const ids = [0, 1].map(() => {
      const bench = new SocketBench({ environment, request, response });
      bench.clientSends(frame(BLOCKED));
      const ping = pingOf(bench.upstream);
      const mask = bench.upstream.subarray(2, 6).toString('hex');
      bench.providerSends(pong(bench));
      return [ping.payload.toString('hex'), mask, tailOf(bench.client).event.event_id];
    });
    for (const index of [0, 1, 2]) expect(ids[0]?.[index]).not.toBe(ids[1]?.[index]);
  });
});

import { describe, expect, it } from 'vitest';
import { TestBudget } from '../support/environment.ts';
import { closeFrame, OPCODES, readFrames, serverFrame } from './frames.ts';
import { ASK, actions, asks, found, lookedUp, PAIRS, socketOf } from './named.ts';

describe.each(PAIRS)('while the look-up goes on: $request', (pair) => {
  it('messages wait unanswered, and are judged by what it finds', () => {
    const bench = socketOf(pair);
    bench.clientSends(ASK.subarray(0, 5));
    bench.clientSends(ASK.subarray(5));
    bench.clientSends(asks('gpt-5'));
    expect([bench.upstream, bench.decisions, bench.replies.length]).toEqual([Buffer.alloc(0), [], 2]);
    expect(bench.environment.held.held).toBe(ASK.length + asks('gpt-5').length);
    lookedUp(bench, found('known'));
    expect(bench.upstream).toEqual(Buffer.concat([ASK, asks('gpt-5')]));
    expect(actions(bench)).toEqual([
      ['pass', 'known'],
      ['pass', 'gpt-5'],
    ]);
    expect(bench.environment.held.held).toBe(0);
    expect(bench.notes).toMatchObject([
      { kind: 'opened' },
      { kind: 'looked_up', result: { kind: 'found', model: 'known' } },
      { kind: 'captured', model: 'gpt-5' },
    ]);
  });

  it('a turn that the found model forbids is blocked, and nothing of it or behind it has passed', () => {
    const bench = socketOf(pair);
    for (const bytes of [ASK, asks('gpt-5')]) bench.clientSends(bytes);
    lookedUp(bench, found('secret'));
    bench.providerSends(serverFrame('hello'));
    expect(actions(bench)).toEqual([['block', 'secret']]);
    expect(readFrames(bench.upstream).filter(({ opcode }) => opcode === OPCODES.text)).toEqual([]);
    expect(readFrames(bench.client).at(-1)?.payload.readUInt16BE()).toBe(1008);
  });

  it('the provider is heard', () => {
    const bench = socketOf(pair);
    bench.clientSends(ASK);
    bench.providerSends(serverFrame('hello'));
    expect(bench.client).toEqual(serverFrame('hello'));
    expect(bench.upstream).toHaveLength(0);
  });

  it('the empty chunk of an upgrade is answered, and those behind a message in their turn', () => {
    const bench = socketOf(pair);
    bench.clientSends(Buffer.alloc(0));
    expect(bench.replies).toHaveLength(3);
    bench.clientSends(ASK);
    bench.clientSends(Buffer.alloc(0));
    expect(bench.replies).toHaveLength(3);
    lookedUp(bench, { kind: 'none' });
    expect(bench.replies).toHaveLength(5);
    expect(bench.upstream).toEqual(ASK);
  });

  it('the end of the client waits as well', () => {
    const bench = socketOf(pair);
    bench.clientSends(ASK);
    bench.clientSends(closeFrame(1000), true);
    expect(bench.upstream).toHaveLength(0);
    lookedUp(bench, found('known'));
    expect(bench.upstream).toEqual(Buffer.concat([ASK, closeFrame(1000)]));
  });

  it('trailers wait as well', () => {
    const bench = socketOf(pair);
    const context = { attributes: new Map(), dynamicMetadata: new Map() };
    bench.clientSends(ASK);
    bench.event({ kind: 'trailers', direction: 'request', context });
    lookedUp(bench, found('known'));
    expect(bench.upstream).toEqual(ASK);
    expect(bench.replies.at(-1)).toMatchObject({ kind: 'trailers' });
  });

  it('an operator who ends the socket has what came before judged first, strictly', () => {
    const bench = socketOf(pair);
    bench.clientSends(asks('gpt-5'));
    bench.event({ kind: 'close', cause: 'operator' });
    bench.providerSends(serverFrame('hello'));
    expect(bench.upstream.subarray(0, asks('gpt-5').length)).toEqual(asks('gpt-5'));
    expect(readFrames(bench.client).at(-1)?.payload.readUInt16BE()).toBe(1008);
    expect(bench.notes).toMatchObject([{}, { kind: 'looked_up', result: { kind: 'late' } }, {}]);
    lookedUp(bench, found('known'));
    bench.end();
    expect(bench.notes.at(-1)).toMatchObject({ kind: 'closed', end: 'operator', turns: 1 });
  });

  it('what does not fit into the process is judged at once, strictly', () => {
    const held = new TestBudget(ASK.length + 10);
    const bench = socketOf({ ...pair, held });
    bench.clientSends(asks('gpt-5').subarray(0, 20));
    bench.clientSends(asks('gpt-5').subarray(20));
    expect(bench.upstream).toEqual(asks('gpt-5'));
    expect(bench.notes[1]).toMatchObject({ kind: 'looked_up', result: { kind: 'late' } });
    lookedUp(bench, found('secret'));
    bench.clientSends(ASK);
    expect(actions(bench).at(-1)).toEqual(['pass', 'gpt-5']);
    expect(held.held).toBe(0);
  });

  it('a message that is lost for want of memory ends the socket, and nothing is held', () => {
    const bench = socketOf(pair);
    bench.clientSends(ASK);
    bench.event({ kind: 'overloaded' });
    expect(bench.immediate?.details).toBe('tiergate_overloaded');
    expect(bench.environment.held.held).toBe(0);
    lookedUp(bench, found('known'));
    bench.end();
    expect(bench.upstream).toHaveLength(0);
  });

  it('a socket that ends leaves nothing held', () => {
    const bench = socketOf(pair);
    bench.clientSends(ASK);
    bench.end();
    expect(bench.environment.held.held).toBe(0);
    lookedUp(bench, found('known'));
    expect(bench.upstream).toHaveLength(0);
  });

  it('the time that a message waits counts as time of its verdict', () => {
    const bench = socketOf(pair);
    bench.clientSends(ASK);
    bench.now += 40;
    lookedUp(bench, { kind: 'none' });
    expect(bench.decisions).toMatchObject([{ duration_ms: 40 }]);
  });
});

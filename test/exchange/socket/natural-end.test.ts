import { describe, expect, it } from 'vitest';
import { environmentOf, routeOf } from '../support/environment.ts';
import { SocketBench, type SocketOptions } from './bench.ts';
import { ALLOWED, limitsWith } from './dialogue.ts';
import { closeFrame, frame, serverFrame } from './frames.ts';

const HELLO = serverFrame('hello');
const MODES = ['STREAMED', 'FULL_DUPLEX_STREAMED'] as const;
const PAIRS = MODES.flatMap((request) => MODES.map((response) => ({ request, response })));
const REPORT = environmentOf({ defaults: routeOf({ enforcement: 'report' }) });

/** A socket on which both sides have spoken. */
function open(options: SocketOptions = {}): SocketBench {
  const bench = new SocketBench(options);
  bench.providerSends(HELLO);
  bench.clientSends(frame(ALLOWED));
  bench.takeClient();
  bench.takeUpstream();
  return bench;
}

describe('a socket that ends by itself', () => {
  const endOf = (bench: SocketBench) => {
    bench.end();
    expect(bench.environment.held.held).toBe(0);
    const { kind: _, ...note } = bench.notes.at(-1) ?? { kind: 'none' };
    return note;
  };
  const providerClose = closeFrame(1000, '', { mask: undefined });

  it.each([
    ['the client closes', ['client', 'provider'], 'client_close'],
    ['the client closes without an answer', ['client'], 'client_close'],
    ['the provider closes', ['provider', 'client'], 'provider_close'],
    ['the provider closes without an answer', ['provider'], 'provider_close'],
    ['nobody closes', [], 'lost'],
  ])('%s', (_, order, end) => {
    for (const environment of [environmentOf(), REPORT]) {
      const bench = open({ environment });
      for (const side of order) {
        if (side === 'client') bench.clientSends(closeFrame(1000));
        else bench.providerSends(providerClose);
      }
      bench.now += 500;
      expect(bench.timer).toBeUndefined();
      expect(endOf(bench)).toMatchObject({
        id: 'ab'.repeat(16),
        route: 'default',
        dialect: 'openai-responses',
        end,
        code: undefined,
        told: undefined,
        turns: 1,
        capturedModel: 'gpt-allowed-1',
        durationMs: 500,
      });
    }
  });

  it('is closed by the client under report behind a message that is too large', () => {
    const bench = open({
      environment: environmentOf({
        defaults: routeOf({ enforcement: 'report' }),
        ...limitsWith({ message: 10 }),
      }),
    });
    bench.clientSends(frame(ALLOWED));
    bench.clientSends(closeFrame(1000));
    expect(endOf(bench)).toMatchObject({ end: 'client_close', told: undefined });
  });

  it('gives an incomplete message back', () => {
    const bench = open();
    bench.clientSends(frame(ALLOWED).subarray(0, 40));
    expect(bench.environment.held.held).toBe(40);
    expect(endOf(bench)).toMatchObject({ end: 'lost' });
  });

  it('answers trailers and the headers of an answer without a body', () => {
    for (const pair of PAIRS) {
      const bench = open(pair);
      for (const direction of ['request', 'response'] as const) {
        const context = { attributes: new Map(), dynamicMetadata: new Map() };
        bench.event({ kind: 'trailers', direction, context });
        expect(bench.replies.at(-1)).toEqual({ kind: 'trailers', direction });
      }
      expect(endOf(bench)).toMatchObject({ end: 'lost' });
    }
  });

  it('is not cut by a timer that has been stopped', () => {
    const bench = open();
    bench.event({ kind: 'timer' });
    bench.event({ kind: 'decoded', result: { ok: false, code: 'overloaded' } });
    expect(bench.immediate).toBeUndefined();
  });

  it('answers the last bytes of both sides', () => {
    for (const pair of PAIRS) {
      const bench = open(pair);
      bench.clientSends(Buffer.concat([frame(ALLOWED), frame('x').subarray(0, 3)]), true);
      bench.providerSends(HELLO, true);
      bench.event({ kind: 'close', cause: 'draining' });
      bench.timeOut();
      expect(bench.upstream).toEqual(frame(ALLOWED));
      expect(bench.client).toEqual(HELLO);
    }
  });
});

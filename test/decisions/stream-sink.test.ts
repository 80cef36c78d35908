import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StreamSink } from '../../src/decisions/stream-sink.ts';
import type { Decision } from '../../src/exchange/decision.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { idsOf, numbered } from './sink-contract.ts';

type Append = (decisions: readonly Decision[]) => Promise<string | undefined>;

/** A sink over a stream that a test answers for. */
function opened(append: Append, queueLength = 1_000) {
  const lines: Record<string, unknown>[] = [];
  const { logger } = createLogger('info', { write: (line) => lines.push(JSON.parse(line)) });
  const metrics = createMetrics(false);
  const batches: string[][] = [];
  const sink = new StreamSink({
    append(decisions) {
      batches.push(idsOf(decisions));
      return append(decisions);
    },
    queueLength,
    logger,
    metrics,
  });
  const record = (from: number, to: number): void => {
    for (const decision of numbered(from, to)) sink.record(decision);
  };
  const dropped = async (): Promise<number> => (await metrics.decisionsDropped.get()).values[0]?.value ?? 0;
  const said = (): unknown[] =>
    lines.map(({ msg, reason, dropped, waiting }) => ({ msg, reason, dropped, waiting }));
  return { sink, record, batches, dropped, lines, said };
}

const works: Append = async () => undefined;
const ids = (from: number, to: number): string[] => idsOf(numbered(from, to));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('StreamSink', () => {
  it('never writes on the path of a message; a few decisions are one batch after 200 ms', async () => {
    const { record, batches } = opened(works);
    record(0, 3);
    expect(batches).toEqual([]);
    await vi.advanceTimersByTimeAsync(150);
    record(3, 5);
    expect(batches).toEqual([]);
    await vi.advanceTimersByTimeAsync(50);
    expect(batches).toEqual([ids(0, 5)]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(batches).toHaveLength(1);
  });

  it('writes a full batch without the wait, and one batch at a time', async () => {
    const answers: (() => void)[] = [];
    const { record, batches } = opened(
      () => new Promise((resolve) => answers.push(() => resolve(undefined))),
    );
    record(0, 450);
    await vi.advanceTimersByTimeAsync(1);
    expect(batches).toEqual([ids(0, 200)]);
    record(450, 700);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(batches).toHaveLength(1);
    answers[0]?.();
    await vi.advanceTimersByTimeAsync(1);
    expect(batches[1]).toEqual(ids(200, 400));
    answers[1]?.();
    await vi.advanceTimersByTimeAsync(1);
    expect(batches[2]).toEqual(ids(400, 600));
    answers[2]?.();
    await vi.advanceTimersByTimeAsync(199);
    expect(batches).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(1);
    expect(batches[3]).toEqual(ids(600, 700));
  });

  it('keeps the order through failures: it asks with one decision, ever less often, and goes on in full', async () => {
    let isBroken = true;
    const { sink, record, batches, dropped, said } = opened(async () =>
      isBroken ? 'it is down' : undefined,
    );
    record(0, 250);
    await vi.advanceTimersByTimeAsync(1);
    expect(sink.failure).toBe('it is down');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(batches[0]).toEqual(ids(0, 200));
    expect(new Set(batches.slice(1).flat())).toEqual(new Set(['d0']));
    expect(batches.length).toBeLessThan(20);
    isBroken = false;
    const before = batches.length;
    await vi.advanceTimersByTimeAsync(5_400);
    expect(batches.slice(before)).toEqual([['d0'], ids(1, 201), ids(201, 250)]);
    expect(sink.failure).toBeUndefined();
    expect(await dropped()).toBe(0);
    expect(said()).toEqual([
      { msg: expect.stringContaining('cannot be written'), reason: 'it is down', waiting: 250 },
      { msg: expect.stringContaining('written again'), dropped: 0 },
    ]);
  });

  it('drops the oldest where the queue is full, counts every one, and says so every ten seconds', async () => {
    let isBroken = true;
    const { record, batches, dropped, lines } = opened(
      async () => (isBroken ? 'it is down' : undefined),
      500,
    );
    record(0, 500);
    await vi.advanceTimersByTimeAsync(1);
    expect(await dropped()).toBe(0);
    for (let second = 0; second < 25; second += 1) {
      record(500 + second * 100, 600 + second * 100);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(await dropped()).toBe(2_500);
    const told = lines.filter(({ msg }) => String(msg).includes('dropped'));
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(told.length).toBeLessThanOrEqual(3);
    isBroken = false;
    const before = batches.length;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(batches.slice(before).flat()).toEqual(ids(2_500, 3_000));
    // Every dropped decision is in one line.
    const sum = lines.reduce((total, line) => total + Number(line['dropped'] ?? 0), 0);
    expect(sum).toBe(2_500);
  });

  it('counts what was being written when the queue ran over and the write failed', async () => {
    const answers: ((failure: string) => void)[] = [];
    const { record, dropped, sink } = opened(() => new Promise((resolve) => answers.push(resolve)), 300);
    record(0, 200);
    await vi.advanceTimersByTimeAsync(1);
    record(200, 450);
    expect(await dropped()).toBe(0);
    answers[0]?.('it does not answer in time');
    await vi.advanceTimersByTimeAsync(1);
    expect(await dropped()).toBe(150);
    expect(sink.failure).toBe('it does not answer in time');
  });

  it('takes a stream that throws for one that fails', async () => {
    const { sink, record, dropped } = opened(() => {
      throw new Error('secret text of the fault');
    });
    record(0, 1);
    await vi.advanceTimersByTimeAsync(200);
    expect(sink.failure).toBe('it failed');
    expect(await dropped()).toBe(0);
  });

  it('says a new reason, and the same one once', async () => {
    let reason: string | undefined = 'it is down';
    const { record, said } = opened(async () => reason);
    record(0, 1);
    await vi.advanceTimersByTimeAsync(60_000);
    reason = 'it is full';
    await vi.advanceTimersByTimeAsync(60_000);
    reason = undefined;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said()).toMatchObject([{ reason: 'it is down' }, { reason: 'it is full' }, { dropped: 0 }]);
  });

  it('writes what waits at its end', async () => {
    const { sink, record, batches, dropped } = opened(works);
    record(0, 450);
    await sink.close();
    expect(batches).toEqual([ids(0, 200), ids(200, 400), ids(400, 450)]);
    expect(await dropped()).toBe(0);
    record(450, 452);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(batches).toHaveLength(3);
    expect(await dropped()).toBe(2);
  });

  it.each([
    ['does not answer', (): Promise<string> => new Promise(() => {}), 2_000],
    ['is down', async (): Promise<string> => 'it is down', 0],
  ])(
    'ends within two seconds where the stream %s, and counts what is lost',
    async (_, append, milliseconds) => {
      const { sink, record, dropped, lines } = opened(append);
      record(0, 250);
      await vi.advanceTimersByTimeAsync(1);
      record(250, 260);
      const closed = sink.close();
      await vi.advanceTimersByTimeAsync(milliseconds);
      await closed;
      expect(await dropped()).toBe(260);
      expect(lines.at(-1)).toMatchObject({ msg: expect.stringContaining('dropped'), dropped: 260 });
      await vi.advanceTimersByTimeAsync(60_000);
      expect(await dropped()).toBe(260);
      expect(vi.getTimerCount()).toBe(0);
    },
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HeldGauge, heldBudget } from '../../../src/extproc/held-budget.ts';
import { MessageMeter } from '../../../src/extproc/transport/message-meter.ts';

const KiB = 1024;

function message(length: number): Buffer {
  const bytes = Buffer.alloc(5 + length, 'x');
  bytes.writeUInt8(0, 0);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

function meter(limit: number): { meter: MessageMeter; held: HeldGauge; refusals: () => number } {
  const held = heldBudget(limit);
  let refusals = 0;
  const counter = new MessageMeter(held, () => {
    refusals += 1;
  });
  return { meter: counter, held, refusals: () => refusals };
}

describe('MessageMeter', () => {
  it('takes room for a whole message when its head comes, until it is delivered', () => {
    const { meter: counter, held } = meter(1_000 * KiB);
    const bytes = message(200 * KiB);
    counter.arrived(bytes.subarray(0, 3));
    expect(held.held).toBe(0);
    counter.arrived(bytes.subarray(3, 100));
    expect(held.held).toBe(200 * KiB);
    counter.arrived(bytes.subarray(100));
    expect(held.held).toBe(200 * KiB);
    counter.delivered();
    expect(held.held).toBe(0);
  });

  it('does not count small messages, nor one that is there already', () => {
    const { meter: counter, held } = meter(0);
    counter.arrived(message(64 * KiB).subarray(0, 10));
    counter.stop();
    const { meter: whole, held: none, refusals } = meter(0);
    whole.arrived(message(500 * KiB));
    expect([held.held, none.held, refusals()]).toEqual([0, 0, 0]);
  });

  it('refuses a message over the budget once, and counts no more', () => {
    const { meter: counter, held, refusals } = meter(100 * KiB);
    const bytes = message(200 * KiB);
    counter.arrived(bytes.subarray(0, 10));
    counter.arrived(bytes.subarray(10));
    counter.arrived(bytes.subarray(0, 10));
    expect([held.held, refusals()]).toEqual([0, 1]);
  });

  it('speaks of a refusal when what came before it was delivered, once', () => {
    const { meter: counter, held, refusals } = meter(100 * KiB);
    counter.arrived(Buffer.concat([message(10), message(80 * KiB).subarray(0, 100)]));
    counter.arrived(message(80 * KiB).subarray(100));
    expect(counter.takeRefusal()).toBe(false);
    counter.arrived(message(30 * KiB));
    counter.arrived(message(90 * KiB).subarray(0, 5));
    expect([refusals(), counter.takeRefusal()]).toEqual([1, false]);
    for (let delivered = 0; delivered < 3; delivered += 1) {
      expect(counter.takeRefusal()).toBe(false);
      counter.delivered();
    }
    expect([held.held, counter.takeRefusal(), counter.takeRefusal()]).toEqual([0, true, false]);
  });

  it('gives everything back when the stream ends', () => {
    const { meter: counter, held } = meter(1_000 * KiB);
    counter.arrived(message(100 * KiB).subarray(0, 9));
    counter.stop();
    counter.delivered();
    expect(held.held).toBe(0);
  });

  it('finds the same messages, wherever their bytes are cut', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 90 * KiB }), { minLength: 1, maxLength: 4 });
    const cuts = fc.array(fc.integer({ min: 1, max: 40 * KiB }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(lengths, cuts, (sizes, pieces) => {
        const { meter: counter, held } = meter(10_000 * KiB);
        const bytes = Buffer.concat(sizes.map(message));
        let at = 0;
        for (const piece of [...pieces, bytes.length]) {
          counter.arrived(bytes.subarray(at, at + piece));
          at += piece;
        }
        expect(held.held).toBeLessThanOrEqual(sizes.reduce((sum, size) => sum + size, 0));
        for (const _size of sizes) counter.delivered();
        expect(held.held).toBe(0);
        // In step with the messages: the next one is seen as what it is.
        counter.arrived(message(70 * KiB).subarray(0, 5));
        expect(held.held).toBe(70 * KiB);
      }),
      { numRuns: 200 },
    );
  });
});

import { array, constantFrom, assert as holds, nat, oneof, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recentRing } from '../../src/decisions/recent-ring.ts';
import { Ring } from '../../src/decisions/ring.ts';
import { decisionSinkContract, idsOf, numbered } from './sink-contract.ts';

decisionSinkContract('memory', async (size) => {
  const sink = recentRing(size);
  return { sink, kept: async () => [...sink.list()].reverse() };
});

describe('recentRing', () => {
  it('lists the newest first, as many as are asked for', () => {
    const recent = recentRing(3);
    expect(recent.list()).toEqual([]);
    for (const decision of numbered(0, 5)) recent.record(decision);
    expect(idsOf(recent.list())).toEqual(['d4', 'd3', 'd2']);
    expect(idsOf(recent.list(2))).toEqual(['d4', 'd3']);
    expect(idsOf(recent.list(10))).toEqual(['d4', 'd3', 'd2']);
    expect(recent.list(0)).toEqual([]);
    expect(recent.list(-1)).toEqual([]);
  });

  it('keeps a thousand where nothing else is said', () => {
    const recent = recentRing();
    for (const decision of numbered(0, 1_100)) recent.record(decision);
    expect(recent.list()).toHaveLength(1_000);
  });
});

describe('Ring', () => {
  const step = oneof(
    record({ kind: constantFrom('push' as const), count: nat(9) }),
    record({ kind: constantFrom('take' as const), count: nat(9) }),
    record({ kind: constantFrom('take and put back' as const), count: nat(9), between: nat(9) }),
  );

  it('does what an array does that is cut to its newest items', () => {
    holds(
      property(nat(7), array(step, { maxLength: 40 }), (more, steps) => {
        const capacity = more + 1;
        const ring = new Ring<number>(capacity);
        let model: number[] = [];
        let next = 0;
        const push = (count: number): void => {
          for (let index = 0; index < count; index += 1) {
            expect(ring.push(next)).toBe(model.length === capacity);
            model = [...model, next].slice(-capacity);
            next += 1;
          }
        };
        for (const { kind, count, ...rest } of steps) {
          if (kind === 'push') push(count);
          else {
            const taken = ring.take(count);
            expect(taken).toEqual(model.slice(0, count));
            model = model.slice(count);
            if (kind === 'take and put back') {
              push((rest as { between: number }).between);
              const all = [...taken, ...model];
              model = all.slice(-capacity);
              expect(ring.putBack(taken)).toBe(all.length - model.length);
            }
          }
          expect(ring.length).toBe(model.length);
          expect(ring.newest(count)).toEqual(model.toReversed().slice(0, count));
        }
      }),
    );
  });
});

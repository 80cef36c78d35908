import { describe, expect, it } from 'vitest';
import { RepeatedLines } from '../../src/telemetry/repeated-lines.ts';

function setUp(): {
  lines: RepeatedLines;
  clock: { now: number };
  written: string[];
  note(text: string): void;
} {
  const clock = { now: 1_000 };
  const lines = new RepeatedLines(() => clock.now);
  const written: string[] = [];
  const note = (text: string): void => {
    lines.note(text, (leftOut) => written.push(`${text} ${leftOut}`));
  };
  return { lines, clock, written, note };
}

describe('repeated lines of the log', () => {
  it('are written at once, then once in ten seconds with the count of those left out', () => {
    const { clock, written, note } = setUp();
    note('a');
    expect(written).toEqual(['a 0']);
    for (let i = 0; i < 1_000; i += 1) note('a');
    clock.now += 9_999;
    note('a');
    expect(written).toEqual(['a 0']);
    clock.now += 1;
    note('a');
    note('a');
    expect(written).toEqual(['a 0', 'a 1001']);
    clock.now += 10_000;
    note('a');
    expect(written).toEqual(['a 0', 'a 1001', 'a 1']);
  });

  it('are counted for each text alone', () => {
    const { written, note } = setUp();
    note('a');
    note('b');
    note('b');
    expect(written).toEqual(['a 0', 'b 0']);
  });

  it('are remembered for a bounded number of texts', () => {
    const { written, note } = setUp();
    for (let i = 0; i < 101; i += 1) note(`text ${i}`);
    expect(written).toHaveLength(101);
    note('text 100');
    expect(written).toHaveLength(101);
    note('text 0');
    expect(written).toHaveLength(102);
  });
});

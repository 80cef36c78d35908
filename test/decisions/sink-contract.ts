import { describe, expect, it, onTestFinished } from 'vitest';
import { logSink } from '../../src/decisions/log-sink.ts';
import type { DecisionSink } from '../../src/decisions/sink.ts';
import type { Decision } from '../../src/exchange/decision.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { decisionOf } from './example.ts';

/** A sink that keeps decisions, and what it keeps. */
export interface KeepingSink {
  readonly sink: DecisionSink;
  /** Everything that is kept, in JSON's terms, oldest first. Waits for what the sink writes later. */
  kept(): Promise<readonly unknown[]>;
}

/** Entries that a sink which trims about may keep beyond its size. */
const SLACK = 100;

/** Decisions with numbered ids. */
export function numbered(from: number, to: number): Decision[] {
  return Array.from({ length: to - from }, (_, index) => decisionOf({ id: `d${from + index}` }));
}

export function idsOf(kept: readonly unknown[]): string[] {
  return kept.map((decision) => (decision as Decision).id);
}

function loggedOf(decisions: readonly Decision[]): unknown[] {
  const lines: string[] = [];
  const sink = logSink(createLogger('info', { write: (line) => lines.push(line) }).logger);
  for (const decision of decisions) sink.record(decision);
  return lines.map((line) => JSON.parse(line).decision);
}

/** What holds for every {@link DecisionSink} that keeps decisions. @param open one that keeps `size` of them */
export function decisionSinkContract(name: string, open: (size: number) => Promise<KeepingSink>): void {
  describe(`a sink that keeps decisions (${name})`, () => {
    const opened = async (size: number): Promise<KeepingSink> => {
      const keeping = await open(size);
      onTestFinished(() => keeping.sink.close());
      return keeping;
    };

    it('keeps each decision as the log has it, in the order they came', async () => {
      const { sink, kept } = await opened(100);
      const claim = { carrier: 'body', word: 'fast', asked: 'priority', action: 'filter' } as const;
      const models = { model_asked: 'gpt-5.5 "ü"\n\u2028', model_matched: 'gpt-5.5' };
      const decisions = [
        ...numbered(0, 20),
        decisionOf({
          id: 'one',
          session: 's-1',
          stream_id: 'lane',
          code: 'policy_violation',
          user: 'ü\u0000',
        }),
        decisionOf({
          id: 'two',
          tier_asked: undefined,
          rule: undefined,
          claims: [{ ...claim, ...models, rule: 'rule-1', tier_sent: undefined, reports: [] }],
        }),
      ];
      for (const decision of decisions) expect(sink.record(decision)).toBeUndefined();
      expect(JSON.parse(JSON.stringify(await kept()))).toEqual(loggedOf(decisions));
    });

    it('keeps the newest, and no more than it is told to', async () => {
      const { sink, kept } = await opened(300);
      for (const decision of numbered(0, 1_234)) sink.record(decision);
      const ids = idsOf(await kept());
      expect(ids.length).toBeGreaterThanOrEqual(300);
      expect(ids.length).toBeLessThanOrEqual(300 + SLACK);
      expect(ids).toEqual(idsOf(numbered(1_234 - ids.length, 1_234)));
    });

    it('keeps what came before its end, and is not harmed by what comes after', async () => {
      const { sink, kept } = await opened(10);
      sink.record(decisionOf({ id: 'before' }));
      await sink.close();
      expect(() => sink.record(decisionOf({ id: 'after' }))).not.toThrow();
      expect(idsOf(await kept())).toContain('before');
    });
  });
}

import type { Decision } from '../exchange/decision.ts';

/**
 * Where decisions go. `record` never throws, never blocks and never waits: it runs on the path of a message.
 */
export interface DecisionSink {
  record(decision: Decision): void;
  /** Writes out what is still held; called once, when the process drains. */
  close(): Promise<void>;
}

/**
 * One sink that hands each decision to all of `sinks` in order. A sink that throws does not keep the others from
 * their decision; `onFault` hears of it.
 */
export function fanOut(sinks: readonly DecisionSink[], onFault: (fault: unknown) => void): DecisionSink {
  return {
    record(decision) {
      for (const sink of sinks) {
        try {
          sink.record(decision);
        } catch (fault) {
          onFault(fault);
        }
      }
    },
    async close() {
      const results = await Promise.allSettled(sinks.map((sink) => sink.close()));
      for (const result of results) if (result.status === 'rejected') onFault(result.reason);
    },
  };
}

import type { Logger } from 'pino';
import { withoutRedaction } from '../telemetry/logger.ts';
import type { DecisionSink } from './sink.ts';

/**
 * Writes each decision as one line of the log: `info`, with the record's fields under `decision`, and a message
 * that reads without them.
 */
export function logSink(logger: Logger): DecisionSink {
  const lines = withoutRedaction(logger);
  return {
    record(decision) {
      lines.info({ decision }, decision.enforced ? 'decision' : 'decision (report: nothing changed)');
    },
    async close() {},
  };
}

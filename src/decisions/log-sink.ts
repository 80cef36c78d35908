import type { Logger } from 'pino';
import type { DecisionSink } from './sink.ts';

/**
 * Writes each decision as one line of the log: `info`, with the record's fields under `decision`, and a message
 * that reads without them.
 *
 * The logger's redaction by name is left out for these lines: it costs more than the verdict, and a decision is a closed
 * record without any header or body.
 */
export function logSink(logger: Logger): DecisionSink {
  const lines = logger.child({}, { redact: [] });
  return {
    record(decision) {
      lines.info({ decision }, decision.enforced ? 'decision' : 'decision (report: nothing changed)');
    },
    async close() {},
  };
}

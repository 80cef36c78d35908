import { onTestFinished } from 'vitest';
import { StreamSink } from '../../../src/decisions/stream-sink.ts';
import type { RedisConnection } from '../../../src/storage/redis/connection.ts';
import { redisDecisionStream } from '../../../src/storage/redis/decision-stream.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { redisCommand } from '../../../tools/redis/command.ts';
import { numbered } from '../../decisions/sink-contract.ts';

/** The stream of the tests' prefix. */
export const STREAM = '{tg:decisions}';

/** A sink that writes to Redis, and what it tells. */
export interface TestStream {
  readonly sink: StreamSink;
  readonly log: readonly Record<string, unknown>[];
  /** Records decisions with numbered ids. */
  record(from: number, to: number): void;
  dropped(): Promise<number>;
}

/** Opens a sink over a connection; it is closed with the test. */
export function openStream(
  connection: RedisConnection,
  { prefix = 'tg', length = 100_000, queueLength = 10_000 } = {},
): TestStream {
  const log: Record<string, unknown>[] = [];
  const { logger } = createLogger('info', { write: (line) => log.push(JSON.parse(line)) });
  const metrics = createMetrics(false);
  const append = redisDecisionStream({ connection, prefix, length });
  const sink = new StreamSink({ append, queueLength, logger, metrics });
  onTestFinished(() => sink.close());
  return {
    sink,
    log,
    record(from, to) {
      for (const decision of numbered(from, to)) sink.record(decision);
    },
    dropped: async () => (await metrics.decisionsDropped.get()).values[0]?.value ?? 0,
  };
}

/** The fields of each entry, oldest first. */
export async function entriesOf(port: number, key = STREAM): Promise<Record<string, string>[]> {
  const answer = (await redisCommand(port, 'xrange', key, '-', '+')) as [string, string[]][];
  return answer.map(([, fields]) =>
    Object.fromEntries(
      fields.flatMap((field, index) => (index % 2 === 0 ? [[field, fields[index + 1] ?? '']] : [])),
    ),
  );
}

/** The ids of the decisions that stand there, oldest first. */
export async function storedIds(port: number, key = STREAM): Promise<string[]> {
  return (await entriesOf(port, key)).map(({ decision }) => JSON.parse(decision ?? '{}').id);
}

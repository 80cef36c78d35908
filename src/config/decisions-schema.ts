import { z } from 'zod';

/** `decisions`: where the records of what was decided go beside log and metrics. */
export const decisionsSchema = z.strictObject({
  stream: z
    .boolean()
    .default(true)
    .describe(
      'With Redis as store: append every decision to the stream of all replicas. Without, no meaning.',
    ),
  stream_length: z
    .int()
    .min(1)
    .max(100_000_000)
    .default(100_000)
    .describe('Decisions that the stream keeps, about; older ones are removed.'),
  stream_queue: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe(
      'Most decisions of a replica that wait for Redis, a few KiB each. Beyond it the oldest are dropped and counted.',
    ),
});

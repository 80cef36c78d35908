import type { Decision } from '../../exchange/decision.ts';
import type { RedisConnection } from './connection.ts';
import { describeFailure } from './failure.ts';
import { decisionsKey } from './keys.ts';

/**
 * Appends a batch: KEYS[1] the stream; ARGV[1] its length, then four values an entry. One script is one command to
 * send and one answer to read, and all of the entries or none.
 */
const APPEND_DECISIONS = `for i = 2, #ARGV, 4 do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*',
    'action', ARGV[i], 'tier', ARGV[i + 1], 'route', ARGV[i + 2], 'decision', ARGV[i + 3])
end
return (#ARGV - 1) / 4`;

export interface DecisionStreamOptions {
  readonly connection: RedisConnection;
  /** Of the keys. */
  readonly prefix: string;
  /** Entries that the stream keeps, about: Redis trims whole nodes of it (XADD with `MAXLEN ~`). */
  readonly length: number;
}

/**
 * The stream of decisions in Redis: `action`, `tier` (the one asked, or `none`) and `route` for those who choose by them,
 * and `decision`, the whole record in JSON with the names of the log.
 *
 * @returns appends decisions in order; its result is why they were not, or undefined where they were
 */
export function redisDecisionStream({
  connection,
  prefix,
  length,
}: DecisionStreamOptions): (decisions: readonly Decision[]) => Promise<string | undefined> {
  const key = decisionsKey(prefix);
  return async (decisions) => {
    const values: string[] = [];
    for (const decision of decisions) {
      const { action, tier_asked, route } = decision;
      values.push(action, tier_asked ?? 'none', route, JSON.stringify(decision));
    }
    try {
      await connection.run('eval', APPEND_DECISIONS, 1, key, length, ...values);
      return undefined;
    } catch (error) {
      const isOther = error instanceof Error && error.message.includes('WRONGTYPE');
      return isOther
        ? `${key} holds something other than a stream: delete or rename that key`
        : describeFailure(error);
    }
  };
}

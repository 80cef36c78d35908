import type { Decision } from '../exchange/decision.ts';
import { Ring } from './ring.ts';
import type { DecisionSink } from './sink.ts';

/** Decisions that one process shows; a kilobyte or so each. */
const RECENT_DECISIONS = 1_000;

/** The last decisions of this process, in its memory. */
export interface RecentDecisions extends DecisionSink {
  /** The last decisions, at most `limit`; newest first. */
  list(limit?: number): readonly Decision[];
}

/** Keeps the last decisions. @param size how many, at least 1 */
export function recentRing(size = RECENT_DECISIONS): RecentDecisions {
  const ring = new Ring<Decision>(size);
  return {
    record(decision) {
      ring.push(decision);
    },
    list: (limit = size) => ring.newest(Math.max(limit, 0)),
    async close() {},
  };
}

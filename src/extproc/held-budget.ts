import type { HeldBudget } from '../exchange/events.ts';

/** The budget with what a metric reads of it. */
export interface HeldGauge extends HeldBudget {
  readonly limit: number;
  /** Bytes held now. */
  readonly held: number;
  /** The most that was held at once. */
  readonly peak: number;
  /** How often bytes were refused. */
  readonly refusals: number;
}

/**
 * Bytes of bodies held by the whole process, against `limits.held_total`.
 *
 * @param limit in bytes
 */
export function heldBudget(limit: number): HeldGauge {
  let held = 0;
  let peak = 0;
  let refusals = 0;
  return {
    limit,
    get held() {
      return held;
    },
    get peak() {
      return peak;
    },
    get refusals() {
      return refusals;
    },
    fits(bytes) {
      if (held + bytes <= limit) return true;
      refusals += 1;
      return false;
    },
    take(bytes) {
      if (!this.fits(bytes)) return false;
      held += bytes;
      if (held > peak) peak = held;
      return true;
    },
    give(bytes) {
      if (bytes > held) throw new Error('more bytes were given back to the held budget than were taken');
      held -= bytes;
    },
  };
}

import type { Decision } from '../decision.ts';

/** Most lanes whose decision may wait; OpenAI allows 32 on a socket. */
const MAX_LANES = 64;

/**
 * Holds back the decision of a turn, and nothing else, until the provider says which tier it was served with, the lane
 * has its next turn, or the socket ends.
 */
export class ServedTierWatch {
  readonly #waiting = new Map<string, Decision>();

  /** Holds a decision. @returns the one that waits no longer */
  hold(decision: Decision): Decision | undefined {
    const lane = decision.stream_id ?? '';
    const earlier =
      this.#waiting.get(lane) ?? (this.#waiting.size === MAX_LANES ? this.#oldest() : undefined);
    if (earlier !== undefined) this.#waiting.delete(earlier.stream_id ?? '');
    this.#waiting.set(lane, decision);
    return earlier;
  }

  /** The turn of a lane was served. @returns its decision; undefined where none waits */
  served(lane: string, tier: string): Decision | undefined {
    const decision = this.#waiting.get(lane);
    this.#waiting.delete(lane);
    return decision && { ...decision, tier_served: tier };
  }

  /** The decisions that wait still. */
  release(): readonly Decision[] {
    const decisions = [...this.#waiting.values()];
    this.#waiting.clear();
    return decisions;
  }

  #oldest(): Decision | undefined {
    return this.#waiting.values().next().value;
  }
}

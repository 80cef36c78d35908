import type { Outcome, Tier } from './types.ts';

/** Every canonical tier, in the order of rank. */
export const TIERS: readonly Tier[] = Object.freeze([
  'flex',
  'default',
  'auto',
  'scale',
  'priority',
  'ultrafast',
]);

/** How fast and dear a tier is: `flex < default = auto = scale < priority < ultrafast`. */
export const TIER_RANK: Readonly<Record<Tier, number>> = Object.freeze({
  flex: 0,
  default: 1,
  auto: 1,
  scale: 1,
  priority: 2,
  ultrafast: 3,
});

/** Every outcome, mildest first: `pass < force < filter < block < refuse`. */
export const OUTCOMES: readonly Outcome[] = Object.freeze(['pass', 'force', 'filter', 'block', 'refuse']);

const OUTCOME_RANK: Readonly<Record<Outcome, number>> = Object.freeze({
  pass: 0,
  force: 1,
  filter: 2,
  block: 3,
  refuse: 4,
});

/** Negative where `left` ranks below `right`, 0 where both rank alike, positive where it ranks above. */
export function compareTiers(left: Tier, right: Tier): number {
  return TIER_RANK[left] - TIER_RANK[right];
}

/** Whether `left` is stricter than `right`; false where both are the same. */
export function isStricter(left: Outcome, right: Outcome): boolean {
  return OUTCOME_RANK[left] > OUTCOME_RANK[right];
}

/** The strictest of the given outcomes; `pass` for none. */
export function strictestOutcome(outcomes: Iterable<Outcome>): Outcome {
  let strictest: Outcome = 'pass';
  for (const outcome of outcomes) {
    if (isStricter(outcome, strictest)) strictest = outcome;
  }
  return strictest;
}

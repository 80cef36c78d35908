/** First and longest wait between two attempts, milliseconds. */
const FIRST_MILLISECONDS = 50;
const LONGEST_MILLISECONDS = 3_000;

/**
 * How long to wait before an attempt, in milliseconds: it doubles up to three seconds and is drawn from the upper half,
 * so that replicas that lost one server do not come back all at once. There is always a next attempt.
 *
 * @param attempt counted from 1
 */
export function backOff(attempt: number): number {
  const longest = Math.min(FIRST_MILLISECONDS * 2 ** Math.min(attempt - 1, 16), LONGEST_MILLISECONDS);
  return Math.ceil((longest * (1 + Math.random())) / 2);
}

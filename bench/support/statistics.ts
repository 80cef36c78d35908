/** Minimum, median and maximum of a few rounds. */
export interface Spread {
  readonly minimum: number;
  readonly median: number;
  readonly maximum: number;
}

/** @throws Error for no values */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const minimum = sorted[0];
  const maximum = sorted.at(-1);
  if (minimum === undefined || maximum === undefined) throw new Error('no values');
  return { minimum, median: percentile(sorted, 50), maximum };
}

/** The value below which `percent` of the sorted values lie (nearest rank). */
export function percentile(sorted: readonly number[], percent: number): number {
  const index = Math.min(sorted.length - 1, Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1));
  const value = sorted[index];
  if (value === undefined) throw new Error('no values');
  return value;
}

/** `min/med/max` with a fixed number of digits. */
export function spreadText(spread: Spread, digits: number): string {
  return [spread.minimum, spread.median, spread.maximum].map((value) => value.toFixed(digits)).join('/');
}

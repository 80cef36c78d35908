const milliseconds: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Longest delay of a timer of Node. */
const longestTimer = 2 ** 31 - 1;

/**
 * The milliseconds of a `grpc-timeout` header: up to eight digits and a unit (gRPC over HTTP/2).
 *
 * @returns undefined for a value that is none
 */
export function readTimeout(value: string): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(value);
  const unit = match?.[2] === undefined ? undefined : milliseconds[match[2]];
  if (unit === undefined) return undefined;
  return Math.min(Number(match?.[1]) * unit, longestTimer);
}

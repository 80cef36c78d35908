import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks `probe` until it gives something other than undefined, with short pauses between.
 *
 * @param what names what is awaited, for the error
 * @param timeout milliseconds
 * @throws Error where the time is over; with what `probe` threw last, if it threw
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  timeout = 15_000,
): Promise<T> {
  const end = performance.now() + timeout;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      throw new Error(`waited ${timeout} ms in vain for ${what}`, { cause: last });
    }
    await delay(25);
  }
}

import type { StreamEnvironment } from './stream-environment.ts';

/** The clocks and timers of the machine. */
export const systemClock: Pick<StreamEnvironment, 'now' | 'wallClock' | 'startTimer'> = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  startTimer(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

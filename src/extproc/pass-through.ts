import { passMessage } from '../exchange/direction/passing.ts';
import { createDirections } from '../exchange/direction/table.ts';
import type { Exchange, StreamModes } from '../exchange/events.ts';
import { HEADERS_SKIPPED } from '../exchange/http/modes.ts';

/**
 * The exchange of an answer that Envoy made itself (rate limit, 413, 503). From 1.37 on Envoy sends its headers to
 * ext_proc without any request message; there is nothing to decide, so every message gets the reply that leaves it
 * as it is.
 */
export function passThrough(modes: StreamModes): Exchange {
  const directions = createDirections(modes);
  return {
    handle(event) {
      if (!('direction' in event)) return [];
      // A request behind an answer: with request headers skipped its begin was never seen, and it could not be judged.
      if (event.direction === 'request') return [{ kind: 'misconfigured', text: HEADERS_SKIPPED }];
      return passMessage(directions[event.direction], event).map((reply) => ({ kind: 'reply', reply }));
    },
  };
}

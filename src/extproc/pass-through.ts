import { createDirections } from '../exchange/direction/table.ts';
import type { Effect, Exchange, StreamModes } from '../exchange/events.ts';

/**
 * The exchange of an answer that Envoy made itself (rate limit, 413, 503). From 1.37 on Envoy sends its headers to
 * ext_proc without any request message; there is nothing to decide, so every message gets the reply that leaves it
 * as it is.
 */
export function passThrough(modes: StreamModes): Exchange {
  const directions = createDirections(modes);
  return {
    handle(event) {
      if (event.kind === 'decoded' || event.kind === 'ended') return [];
      const direction = directions[event.direction];
      switch (event.kind) {
        case 'headers':
          direction.headers(event.endOfStream);
          break;
        case 'body':
          direction.chunk(event.bytes, event.endOfStream);
          direction.send(event.bytes);
          if (event.endOfStream) direction.end();
          break;
        case 'trailers':
          direction.trailers();
          direction.end();
          break;
      }
      return direction.replies().map((reply): Effect => ({ kind: 'reply', reply }));
    },
  };
}

import type { Effect, Exchange } from './events.ts';

/**
 * An exchange that says once, at its first event, that Envoy is misconfigured.
 *
 * @param text names the setting to change
 */
export function misconfigured(text: string): Exchange {
  let effects: readonly Effect[] = [{ kind: 'misconfigured', text }];
  return {
    handle(event) {
      if (event.kind === 'ended') return [];
      const due = effects;
      effects = [];
      return due;
    },
  };
}

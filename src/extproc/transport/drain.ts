import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from '@grpc/grpc-js';
import type { Health } from './health.ts';

export interface DrainOptions {
  /**
   * How long to go on serving after NOT_SERVING: Envoy learns of it at its next health check and its workers send
   * for about a second more (measured on Envoy 1.36 and 1.40), so the check's interval and two seconds.
   */
  readonly graceMs: number;
  /** How long open streams may then take before they are reset. */
  readonly limitMs: number;
  /** Called when the grace is over: tells those that would go on for hours to end. */
  readonly onGraceOver: () => void;
}

/**
 * Lets a server go without losing a request: NOT_SERVING, grace, no new streams, and at the limit the end.
 *
 * @param close closes the server and what is open on it at once
 */
export async function drainServer(
  server: Server,
  health: Health,
  close: () => void,
  options: DrainOptions,
): Promise<void> {
  health.set(false);
  await sleep(options.graceMs);
  options.onGraceOver();
  await new Promise<void>((resolve) => {
    const limit = setTimeout(() => {
      close();
      resolve();
    }, options.limitMs);
    server.tryShutdown(() => {
      clearTimeout(limit);
      resolve();
    });
  });
}

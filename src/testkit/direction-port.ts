import type { HeaderLine } from './http.ts';
import type { HttpBody } from './messages.ts';
import type { NextHop } from './next-hop.ts';
import type { ViolationCode } from './violations.ts';

/** What one direction may ask of the filter. */
export interface DirectionPort {
  readonly hop: NextHop;
  /** Sends a message to the server and starts the message timer. */
  sendHeaders(lines: readonly HeaderLine[], endOfStream: boolean): void;
  sendBody(body: HttpBody): void;
  sendTrailers(lines: readonly HeaderLine[]): void;
  /** A reply came: stops the message timer. */
  answered(): void;
  report(code: ViolationCode, message: string): void;
  /** Envoy gives the exchange up. `spurious`: a reply out of place, which `failure_mode_allow` forgives. */
  fail(details: string, cause: 'spurious' | 'rejected'): void;
  tooLarge(): void;
  /** Envoy waits for what will never come. */
  stall(): void;
}

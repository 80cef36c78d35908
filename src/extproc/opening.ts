import type { Exchange, ExchangeFactory, Opening } from '../exchange/events.ts';
import { misconfigured } from '../exchange/misconfigured.ts';
import { beginsSocket } from '../exchange/socket/handshake.ts';
import type { MessageEvent } from './decode.ts';
import { passThrough } from './pass-through.ts';

/** What is said of an Envoy that sends no modes; without them no reply can be known to be the right one. */
const noModes =
  'The first message of the ext_proc filter has no protocol_config with known body modes: set observability_mode ' +
  'to false, and use Envoy 1.36 or later.';

/**
 * The exchange for a stream whose first message has come. Every stream but those of Envoy's own answers is for the
 * factory to judge, also one that begins without request headers: a socket whose request headers are skipped can begin
 * with the headers of its 101.
 */
export function openExchange(
  exchanges: ExchangeFactory,
  opening: Opening,
  first: MessageEvent,
  now: number,
): Exchange {
  if (opening.modes === undefined) return misconfigured(noModes);
  const isAnswer = first.kind === 'headers' && first.direction === 'response';
  if (isAnswer && !beginsSocket(first)) return passThrough(opening.modes);
  return exchanges(opening, first, now);
}

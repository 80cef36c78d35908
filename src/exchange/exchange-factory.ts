import type { ExchangeFactory } from './events.ts';
import { createHttpExchangeFactory } from './http/exchange.ts';
import type { ExchangeEnvironment } from './settings.ts';
import { createSocketExchangeFactory } from './socket/exchange.ts';
import { beginsSocket } from './socket/handshake.ts';

/** Makes the exchange that fits the first message of a stream: a WebSocket's, or that of an HTTP request. */
export function createExchangeFactory(environment: ExchangeEnvironment): ExchangeFactory {
  const http = createHttpExchangeFactory(environment);
  const socket = createSocketExchangeFactory(environment);
  return (opening, first, now) => (beginsSocket(first) ? socket : http)(opening, first, now);
}

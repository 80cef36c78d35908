import type { ExchangeEvent, Reply } from '../events.ts';
import type { Direction } from './direction.ts';

/** What Envoy sends in one direction. */
export type Message = Extract<ExchangeEvent, { kind: 'headers' | 'body' | 'trailers' }>;

/** Lets a message go on as it came, holding nothing. */
export function passMessage(direction: Direction, message: Message): readonly Reply[] {
  switch (message.kind) {
    case 'headers':
      direction.headers(message.endOfStream);
      break;
    case 'body':
      direction.chunk(message.bytes, message.endOfStream);
      passChunk(direction, message.bytes, message.endOfStream);
      break;
    case 'trailers':
      direction.trailers();
      direction.end();
      break;
  }
  return direction.replies();
}

/** Sends a noted chunk on as it came. */
export function passChunk(direction: Direction, bytes: Uint8Array, endOfStream: boolean): void {
  direction.send(bytes);
  if (endOfStream) direction.end();
}

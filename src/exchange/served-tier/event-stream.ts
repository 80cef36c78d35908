import { CARRIAGE_RETURN, COLON, LINE_FEED, SPACE } from '../../json/characters.ts';

/** Who hears of the events of a stream. */
export interface EventListener {
  /** A part of the data of the event at hand, from `start` to `end`; the lines of the data are parted by a line feed. */
  data(bytes: Uint8Array, start: number, end: number): void;
  /** The event at hand is over. @param type the value of its `event` field; empty where it has none */
  event(type: string): void;
}

/** The longest field name that means anything. */
const LONGEST_FIELD = 'event'.length;
/** Most bytes of an event's type; a longer one is no type that is known. */
const MAX_TYPE_BYTES = 128;

const LINE_BREAK = Uint8Array.of(LINE_FEED);

/** What the next byte belongs to. */
type Place = 'field' | 'colon_passed' | 'data' | 'type' | 'rest';

/**
 * Splits a stream of server-sent events (HTML Standard, section 9.2) as its bytes come, in pieces of any size. Data goes
 * to the listener as it comes and is never collected. An event that its blank line does not end is none.
 */
export class EventStreamReader {
  readonly #listener: EventListener;
  #place: Place = 'field';
  readonly #field = Buffer.alloc(LONGEST_FIELD);
  /** Bytes of the field's name, those that were not kept included. */
  #fieldBytes = 0;
  readonly #type = Buffer.alloc(MAX_TYPE_BYTES);
  #typeBytes = 0;
  /** Whether the event at hand has data. */
  #hasData = false;
  /** The last byte was a carriage return: a line feed behind it is part of the same line break. */
  #afterReturn = false;

  constructor(listener: EventListener) {
    this.#listener = listener;
  }

  write(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const byte = bytes[at]!;
      const isLineFeed = byte === LINE_FEED;
      if (isLineFeed && this.#afterReturn) {
        this.#afterReturn = false;
        at++;
      } else if (isLineFeed || byte === CARRIAGE_RETURN) {
        this.#afterReturn = !isLineFeed;
        this.#endLine();
        at++;
      } else {
        this.#afterReturn = false;
        at = this.#inLine(bytes, at);
      }
    }
  }

  /** @returns where it stopped, at the end of the line or before it */
  #inLine(bytes: Uint8Array, start: number): number {
    const byte = bytes[start]!;
    switch (this.#place) {
      case 'field':
        if (byte === COLON) this.#endField();
        else if (this.#fieldBytes++ < LONGEST_FIELD) this.#field[this.#fieldBytes - 1] = byte;
        return start + 1;
      case 'colon_passed':
        // One space behind the colon belongs to neither.
        this.#beginValue();
        return byte === SPACE ? start + 1 : start;
      default: {
        const end = endOfLine(bytes, start);
        if (this.#place === 'data') this.#listener.data(bytes, start, end);
        else if (this.#place === 'type') this.#keepType(bytes, start, end);
        return end;
      }
    }
  }

  #endField(): void {
    this.#place = this.#fieldBytes === 0 ? 'rest' : 'colon_passed';
  }

  #beginValue(): void {
    const name = this.#fieldBytes > LONGEST_FIELD ? '' : this.#field.toString('latin1', 0, this.#fieldBytes);
    this.#place = name === 'data' ? 'data' : name === 'event' ? 'type' : 'rest';
    if (this.#place === 'type') this.#typeBytes = 0;
    if (this.#place !== 'data') return;
    if (this.#hasData) this.#listener.data(LINE_BREAK, 0, 1);
    this.#hasData = true;
  }

  #keepType(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at++, this.#typeBytes++) {
      if (this.#typeBytes < MAX_TYPE_BYTES) this.#type[this.#typeBytes] = bytes[at]!;
    }
  }

  #endLine(): void {
    const isBlank = this.#place === 'field' && this.#fieldBytes === 0;
    // A field without a colon, or without anything behind it, has an empty value.
    if (!isBlank && (this.#place === 'field' || this.#place === 'colon_passed')) this.#beginValue();
    this.#place = 'field';
    this.#fieldBytes = 0;
    if (!isBlank) return;
    const isKnown = this.#typeBytes <= MAX_TYPE_BYTES;
    if (this.#hasData) this.#listener.event(isKnown ? this.#type.toString('latin1', 0, this.#typeBytes) : '');
    this.#hasData = false;
    this.#typeBytes = 0;
  }
}

function endOfLine(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== LINE_FEED && bytes[at] !== CARRIAGE_RETURN) at++;
  return at;
}

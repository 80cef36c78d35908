import type { HeaderLine } from '../../dialects/types.ts';
import type { DirectionName, StreamModes } from '../../exchange/events.ts';
import { ProcessingRequest } from '../../gen/envoy/service/ext_proc/v3/external_processor.ts';
import { bodyEvent, headersEvent, type IncomingMessage, type MessageEvent, namedModes } from '../decode.ts';

/** Key bytes: (field number << 3) | wire type. */
const key = {
  requestHeaders: 0x12,
  responseHeaders: 0x1a,
  requestBody: 0x22,
  responseBody: 0x2a,
  observabilityMode: 0x50,
  protocolConfig: 0x5a,
  /** `HttpHeaders.headers`, `HeaderMap.headers`, `HeaderValue.key`, `HttpBody.body`. */
  first: 0x0a,
  firstVarint: 0x08,
  secondVarint: 0x10,
  thirdVarint: 0x18,
  rawValue: 0x1a,
} as const;

/** V8 copies substrings below this length, longer ones keep the whole text alive from which they are cut. */
const copiedText = 13;

/**
 * Reads a message of Envoy. Headers and bodies as Envoy sends them with every request are read straight into their
 * event; whatever else there is (attributes, metadata, trailers, fields and spellings that Envoy does not use, faults)
 * makes the generated codec read the whole message.
 *
 * @param bytes a body's bytes will be a view of them
 * @throws Error for bytes that are no message
 */
export function readMessage(bytes: Buffer): IncomingMessage {
  return new MessageReader(bytes).message() ?? ProcessingRequest.decode(bytes);
}

/** Gives undefined wherever the generated codec has to look. */
class MessageReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  message(): IncomingMessage | undefined {
    let event: MessageEvent | undefined;
    let modes: StreamModes | undefined;
    let observed = false;
    while (this.#at < this.#bytes.length) {
      const field = this.#bytes[this.#at++];
      if (field === key.observabilityMode) {
        const value = this.#flag();
        if (value === undefined) return undefined;
        observed = value;
        continue;
      }
      const end = this.#lengthEnd(this.#bytes.length);
      if (end === undefined) return undefined;
      if (field === key.protocolConfig) {
        const config = this.#protocolConfig(end);
        if (config === undefined || config[2] > 1) return undefined;
        modes = namedModes(config[0], config[1], config[2] === 1);
      } else {
        if (event !== undefined) return undefined;
        event = this.#member(field, end);
        if (event === undefined) return undefined;
      }
    }
    return event && { event, modes: observed ? undefined : modes };
  }

  #member(field: number | undefined, end: number): MessageEvent | undefined {
    switch (field) {
      case key.requestHeaders:
        return this.#headers('request', end);
      case key.responseHeaders:
        return this.#headers('response', end);
      case key.requestBody:
        return this.#body('request', end);
      case key.responseBody:
        return this.#body('response', end);
      default:
        return undefined;
    }
  }

  #headers(direction: DirectionName, end: number): MessageEvent | undefined {
    let lines: HeaderLine[] | undefined;
    let endOfStream = false;
    while (this.#at < end) {
      const field = this.#bytes[this.#at++];
      if (field === key.first && lines === undefined) {
        const mapEnd = this.#lengthEnd(end);
        lines = mapEnd === undefined ? undefined : this.#headerMap(mapEnd);
        if (lines === undefined) return undefined;
      } else if (field === key.thirdVarint) {
        const value = this.#flag();
        if (value === undefined) return undefined;
        endOfStream = value;
      } else return undefined;
    }
    return this.#at === end ? headersEvent(direction, lines ?? [], endOfStream) : undefined;
  }

  #headerMap(end: number): HeaderLine[] | undefined {
    const start = this.#at;
    // One call for all short texts: each call into Node costs more than most of them.
    const text = this.#bytes.toString('latin1', start, end);
    const lines: HeaderLine[] = [];
    while (this.#at < end) {
      if (this.#bytes[this.#at++] !== key.first) return undefined;
      const lineEnd = this.#lengthEnd(end);
      if (lineEnd === undefined || this.#bytes[this.#at++] !== key.first) return undefined;
      const nameEnd = this.#lengthEnd(lineEnd);
      if (nameEnd === undefined || !this.#isPlainName(nameEnd)) return undefined;
      const name = text.substring(this.#at - start, nameEnd - start);
      this.#at = nameEnd;
      let value = '';
      if (this.#at < lineEnd) {
        if (this.#bytes[this.#at++] !== key.rawValue) return undefined;
        const valueEnd = this.#lengthEnd(lineEnd);
        if (valueEnd !== lineEnd) return undefined;
        value =
          valueEnd - this.#at < copiedText
            ? text.substring(this.#at - start, valueEnd - start)
            : this.#bytes.toString('latin1', this.#at, valueEnd);
        this.#at = valueEnd;
      }
      lines.push({ name, value });
    }
    return lines;
  }

  #body(direction: DirectionName, end: number): MessageEvent | undefined {
    let body: Uint8Array | undefined;
    let endOfStream = false;
    while (this.#at < end) {
      const field = this.#bytes[this.#at++];
      if (field === key.first && body === undefined) {
        const bodyEnd = this.#lengthEnd(end);
        if (bodyEnd === undefined) return undefined;
        body = this.#bytes.subarray(this.#at, bodyEnd);
        this.#at = bodyEnd;
      } else if (field === key.secondVarint || field === key.thirdVarint) {
        const value = this.#flag();
        if (value === undefined) return undefined;
        endOfStream ||= value;
      } else return undefined;
    }
    if (this.#at !== end) return undefined;
    return bodyEvent(direction, body ?? this.#bytes.subarray(0, 0), endOfStream);
  }

  /** Request mode, response mode, and whether bodies come without waiting (1). */
  #protocolConfig(end: number): [number, number, number] | undefined {
    const values: [number, number, number] = [0, 0, 0];
    while (this.#at < end) {
      const field = this.#bytes[this.#at++];
      const value = this.#bytes[this.#at++];
      if (value === undefined || value >= 0x80) return undefined;
      if (field === key.firstVarint) values[0] = value;
      else if (field === key.secondVarint) values[1] = value;
      else if (field === key.thirdVarint) values[2] = value;
      else return undefined;
    }
    return this.#at === end ? values : undefined;
  }

  /** Whether what comes up to `end` is a header's name as HTTP/2 has it: ASCII without upper case. */
  #isPlainName(end: number): boolean {
    for (let at = this.#at; at < end; at++) {
      const byte = this.#bytes[at] ?? 0xff;
      if (byte >= 0x7f || byte <= 0x20 || (byte >= 0x41 && byte <= 0x5a)) return false;
    }
    return true;
  }

  /** A boolean of one byte. */
  #flag(): boolean | undefined {
    const value = this.#bytes[this.#at++];
    return value === 0 || value === 1 ? value === 1 : undefined;
  }

  /** Reads a length. @returns where what it measures ends, at most at `limit` */
  #lengthEnd(limit: number): number | undefined {
    let length = 0;
    for (let factor = 1; factor <= 0x1000_0000; factor *= 0x80) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) return undefined;
      length += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        const end = this.#at + length;
        return end <= limit ? end : undefined;
      }
    }
    return undefined;
  }
}

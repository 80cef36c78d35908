/** One header line; names in lower case on the way out, values one character a byte (as in `node:http`). */
export type HeaderLine = readonly [name: string, value: string];

/** How a script writes headers: an object, or lines where a name repeats. */
export type HeaderInput = Readonly<Record<string, string>> | readonly HeaderLine[];

/** How a script writes bytes; text is UTF-8. */
export type BytesInput = string | Uint8Array;

/**
 * One HTTP request as the client sends it.
 *
 * A `body` in one piece arrives in one read together with the headers, as small requests do. A list arrives piece by
 * piece, each after the server's answers to the one before (or after `pace` milliseconds without them): a slow client.
 */
export interface ScriptedRequest {
  readonly protocol?: 'HTTP/1.1' | 'HTTP/2';
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly headers?: HeaderInput;
  /** Absent: no body, the headers end the stream. */
  readonly body?: BytesInput | readonly BytesInput[];
  /** Whether the client announces the length; default true. False: chunked, or HTTP/2 without `content-length`. */
  readonly contentLength?: boolean;
  readonly trailers?: HeaderInput;
  readonly response?: ScriptedResponse;
}

/** What the upstream answers; default 200 without a body. */
export interface ScriptedResponse {
  readonly status?: number;
  readonly headers?: HeaderInput;
  readonly body?: BytesInput | readonly BytesInput[];
  readonly contentLength?: boolean;
  readonly trailers?: HeaderInput;
  /** When it answers: when the whole request has come (default), or early, when the headers have. */
  readonly when?: 'request-complete' | 'request-headers';
}

/** Header lines in a list, whatever way the script wrote them; names in lower case. */
export function headerLines(input: HeaderInput | undefined): HeaderLine[] {
  if (input === undefined) return [];
  const lines: readonly HeaderLine[] = isLines(input) ? input : Object.entries(input);
  return lines.map(([name, value]) => [name.toLowerCase(), value]);
}

function isLines(input: HeaderInput): input is readonly HeaderLine[] {
  return Array.isArray(input);
}

/** The bytes of a script's piece. */
export function toBytes(input: BytesInput): Buffer {
  return typeof input === 'string'
    ? Buffer.from(input, 'utf8')
    : Buffer.from(input.buffer, input.byteOffset, input.byteLength);
}

/** The pieces in which a scripted body arrives; undefined where there is no body. */
export function bodyPieces(body: BytesInput | readonly BytesInput[] | undefined): Buffer[] | undefined {
  if (body === undefined) return undefined;
  if (typeof body === 'string' || body instanceof Uint8Array) return [toBytes(body)];
  return body.map(toBytes);
}

/** The first value of a header; `name` in any case. */
export function headerValue(lines: readonly HeaderLine[], name: string): string | undefined {
  const key = name.toLowerCase();
  return lines.find(([candidate]) => candidate === key)?.[1];
}

/** The bytes of a header value: one a character, or UTF-8 where a character does not fit into one. */
export function valueBytes(value: string): Buffer {
  for (let index = 0; index < value.length; index += 1) {
    if (value.charCodeAt(index) > 0xff) return Buffer.from(value, 'utf8');
  }
  return Buffer.from(value, 'latin1');
}

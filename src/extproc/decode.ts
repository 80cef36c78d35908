import type { HeaderLine } from '../dialects/types.ts';
import type {
  BodyMode,
  DirectionName,
  EventContext,
  ExchangeEvent,
  StreamModes,
} from '../exchange/events.ts';
import type { HeaderMap } from '../gen/envoy/config/core/v3/base.ts';
import type {
  HttpBody,
  HttpHeaders,
  ProcessingRequest,
} from '../gen/envoy/service/ext_proc/v3/external_processor.ts';

/** An event that a message of Envoy stands for. */
export type MessageEvent = Extract<ExchangeEvent, { kind: 'headers' | 'body' | 'trailers' }>;

/** A message of Envoy: as the generated codec gives it, or read already. */
export type IncomingMessage =
  | ProcessingRequest
  | {
      readonly event: MessageEvent;
      /** As `decodeModes` gives them. */
      readonly modes: StreamModes | undefined;
    };

/** In the order of their numbers in Envoy's contract. */
const bodyModes: readonly BodyMode[] = [
  'NONE',
  'STREAMED',
  'BUFFERED',
  'BUFFERED_PARTIAL',
  'FULL_DUPLEX_STREAMED',
  'GRPC',
];

const noContext: EventContext = { attributes: new Map(), dynamicMetadata: new Map() };

/**
 * The modes that the first message of a stream carries.
 *
 * @returns undefined where it carries none (observability mode) or one that is not known
 */
export function decodeModes(message: IncomingMessage): StreamModes | undefined {
  if ('event' in message) return message.modes;
  const config = message.protocolConfig;
  if (config === undefined || message.observabilityMode) return undefined;
  const { requestBodyMode, responseBodyMode, sendBodyWithoutWaitingForHeaderResponse } = config;
  return namedModes(requestBodyMode, responseBodyMode, sendBodyWithoutWaitingForHeaderResponse);
}

/** Modes by their numbers in Envoy's contract; undefined where one is not known. */
export function namedModes(
  requestMode: number,
  responseMode: number,
  sendBodyWithoutWaiting: boolean,
): StreamModes | undefined {
  const request = bodyModes[requestMode];
  const response = bodyModes[responseMode];
  if (request === undefined || response === undefined) return undefined;
  return { request, response, sendBodyWithoutWaiting };
}

/**
 * The event of one message. Body bytes are a view of the message, not a copy.
 *
 * @throws Error for a message without a member of `request`
 */
export function decodeMessage(message: IncomingMessage): MessageEvent {
  if ('event' in message) return message.event;
  const { request } = message;
  const context = decodeContext(message);
  switch (request?.$case) {
    case 'requestHeaders':
      return decodeHttpHeaders('request', request.value, context);
    case 'responseHeaders':
      return decodeHttpHeaders('response', request.value, context);
    case 'requestBody':
      return decodeHttpBody('request', request.value, context);
    case 'responseBody':
      return decodeHttpBody('response', request.value, context);
    case 'requestTrailers':
      return { kind: 'trailers', direction: 'request', context };
    case 'responseTrailers':
      return { kind: 'trailers', direction: 'response', context };
    case undefined:
      throw new Error('a ProcessingRequest without headers, body or trailers');
  }
}

/** The event of a headers message. */
export function headersEvent(
  direction: DirectionName,
  headers: readonly HeaderLine[],
  endOfStream: boolean,
  context: EventContext = noContext,
): MessageEvent {
  return { kind: 'headers', direction, headers, endOfStream, context };
}

/** The event of a body message. */
export function bodyEvent(
  direction: DirectionName,
  bytes: Uint8Array,
  endOfStream: boolean,
  context: EventContext = noContext,
): MessageEvent {
  return { kind: 'body', direction, bytes, endOfStream, context };
}

function decodeHttpHeaders(
  direction: DirectionName,
  { headers, endOfStream }: HttpHeaders,
  context: EventContext,
): MessageEvent {
  return headersEvent(direction, decodeHeaders(headers), endOfStream, context);
}

function decodeHttpBody(
  direction: DirectionName,
  { body, endOfStream, endOfStreamWithoutMessage }: HttpBody,
  context: EventContext,
): MessageEvent {
  return bodyEvent(direction, body, endOfStream || endOfStreamWithoutMessage, context);
}

/** Envoy fills `raw_value`; other clients of the protocol may fill `value`, which is UTF-8. */
function decodeHeaders(map: HeaderMap | undefined): HeaderLine[] {
  const lines: HeaderLine[] = [];
  if (map === undefined) return lines;
  for (const { key, value, rawValue } of map.headers) {
    const bytes = rawValue.length > 0 || value === '' ? rawValue : Buffer.from(value, 'utf8');
    lines.push({ name: key.toLowerCase(), value: latin1(bytes) });
  }
  return lines;
}

function latin1(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString('latin1');
}

/** A Struct as the codec gives it. */
type Fields = Readonly<Record<string, unknown>>;

function decodeContext(message: ProcessingRequest): EventContext {
  const namespaces = message.metadataContext?.filterMetadata;
  if (message.attributes.size === 0 && (namespaces === undefined || namespaces.size === 0)) return noContext;
  const attributes = new Map<string, string>();
  for (const fields of message.attributes.values()) addFields(attributes, fields);
  const dynamicMetadata = new Map<string, ReadonlyMap<string, string>>();
  for (const [namespace, fields] of namespaces ?? []) {
    const values = new Map<string, string>();
    addFields(values, fields);
    dynamicMetadata.set(namespace, values);
  }
  return { attributes, dynamicMetadata };
}

function addFields(values: Map<string, string>, fields: Fields | undefined): void {
  for (const [key, value] of Object.entries(fields ?? {})) {
    if (value === null || value === undefined) continue;
    values.set(key, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
}

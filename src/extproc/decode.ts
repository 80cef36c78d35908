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
export function decodeModes(message: ProcessingRequest): StreamModes | undefined {
  const config = message.protocolConfig;
  if (config === undefined || message.observabilityMode) return undefined;
  const request = bodyModes[config.requestBodyMode];
  const response = bodyModes[config.responseBodyMode];
  if (request === undefined || response === undefined) return undefined;
  return { request, response, sendBodyWithoutWaiting: config.sendBodyWithoutWaitingForHeaderResponse };
}

/**
 * The event of one message. Body bytes are a view of the message, not a copy.
 *
 * @throws Error for a message without a member of `request`
 */
export function decodeMessage(message: ProcessingRequest): MessageEvent {
  const { request } = message;
  const context = decodeContext(message);
  switch (request?.$case) {
    case 'requestHeaders':
      return headersEvent('request', request.value, context);
    case 'responseHeaders':
      return headersEvent('response', request.value, context);
    case 'requestBody':
      return bodyEvent('request', request.value, context);
    case 'responseBody':
      return bodyEvent('response', request.value, context);
    case 'requestTrailers':
      return { kind: 'trailers', direction: 'request', context };
    case 'responseTrailers':
      return { kind: 'trailers', direction: 'response', context };
    case undefined:
      throw new Error('a ProcessingRequest without headers, body or trailers');
  }
}

function headersEvent(direction: DirectionName, message: HttpHeaders, context: EventContext): MessageEvent {
  const headers = decodeHeaders(message.headers);
  return { kind: 'headers', direction, headers, endOfStream: message.endOfStream, context };
}

function bodyEvent(direction: DirectionName, message: HttpBody, context: EventContext): MessageEvent {
  const endOfStream = message.endOfStream || message.endOfStreamWithoutMessage;
  return { kind: 'body', direction, bytes: message.body, endOfStream, context };
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

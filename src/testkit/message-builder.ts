import type { HeaderLine } from './http.ts';
import { valueBytes } from './http.ts';
import type { DirectionName, HeaderValue, HttpBody, ProcessingRequest } from './messages.ts';
import type { FilterSettings } from './options.ts';
import { toStruct } from './structs.ts';

/** The key under which Envoy puts the filter's attributes. */
const FILTER_NAME = 'envoy.filters.http.ext_proc';

/** Headers that Envoy's HTTP/1.1 codec takes off before any filter sees them. */
const HOP_BY_HOP = new Set(['transfer-encoding', 'connection', 'expect', 'keep-alive']);

/**
 * Builds Envoy's messages: attributes with the first message of a direction, the modes with the first message of the
 * stream, forwarded metadata with every message.
 */
export class MessageBuilder {
  readonly #settings: FilterSettings;
  readonly #begun = new Set<DirectionName>();

  constructor(settings: FilterSettings) {
    this.#settings = settings;
  }

  headers(direction: DirectionName, lines: readonly HeaderLine[], endOfStream: boolean): ProcessingRequest {
    const headers = { headers: { headers: this.#visible(lines) }, endOfStream };
    return this.#message(
      direction,
      direction === 'request' ? { requestHeaders: headers } : { responseHeaders: headers },
    );
  }

  body(direction: DirectionName, body: HttpBody): ProcessingRequest {
    return this.#message(direction, direction === 'request' ? { requestBody: body } : { responseBody: body });
  }

  trailers(direction: DirectionName, lines: readonly HeaderLine[]): ProcessingRequest {
    const trailers = { trailers: { headers: this.#visible(lines) } };
    return this.#message(
      direction,
      direction === 'request' ? { requestTrailers: trailers } : { responseTrailers: trailers },
    );
  }

  #visible(lines: readonly HeaderLine[]): HeaderValue[] {
    return lines
      .filter(([name]) => !this.#settings.disallowedHeaders.has(name))
      .map(([key, value]) => ({ key, rawValue: valueBytes(value) }));
  }

  #message(direction: DirectionName, content: ProcessingRequest): ProcessingRequest {
    const settings = this.#settings;
    const first = this.#begun.size === 0;
    const firstOfDirection = !this.#begun.has(direction);
    this.#begun.add(direction);
    const attributes = settings[direction].attributes;
    const metadata = Object.entries(settings.forwardedMetadata);
    return {
      ...content,
      ...(firstOfDirection && Object.keys(attributes).length > 0
        ? { attributes: { [FILTER_NAME]: toStruct(attributes) } }
        : {}),
      ...(metadata.length > 0
        ? {
            metadataContext: {
              filterMetadata: Object.fromEntries(metadata.map(([name, value]) => [name, toStruct(value)])),
            },
          }
        : {}),
      ...(settings.observability ? { observabilityMode: true } : {}),
      ...(first && !settings.observability
        ? {
            protocolConfig: {
              requestBodyMode: settings.request.bodyMode,
              responseBodyMode: settings.response.bodyMode,
              sendBodyWithoutWaitingForHeaderResponse: settings.sendBodyWithoutWaiting,
            },
          }
        : {}),
    };
  }
}

/**
 * The header lines of a request as filters see them: pseudo-headers, the client's own without those of the connection,
 * then Envoy's two. Measured order.
 */
export function requestHeaderLines(
  pseudo: readonly HeaderLine[],
  client: readonly HeaderLine[],
  requestId: string,
): HeaderLine[] {
  return [
    ...pseudo,
    ...client.filter(([name]) => !HOP_BY_HOP.has(name)),
    ['x-forwarded-proto', 'http'],
    ['x-request-id', requestId],
  ];
}

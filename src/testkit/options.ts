/** Envoy's body modes that the kit models. */
export type BodyMode = 'NONE' | 'BUFFERED' | 'STREAMED' | 'FULL_DUPLEX_STREAMED';

export type SendMode = 'SEND' | 'SKIP';

/** The filter's configuration, by the words of Envoy's `ExternalProcessor`; defaults are Envoy's unless said. */
export interface FilterOptions {
  /** `processing_mode.request_header_mode`; SEND. */
  readonly requestHeaders?: SendMode;
  /** `processing_mode.request_body_mode`; NONE. */
  readonly requestBody?: BodyMode;
  /** `processing_mode.request_trailer_mode`; SKIP, but SEND where the body is FULL_DUPLEX_STREAMED, which needs it. */
  readonly requestTrailers?: SendMode;
  readonly responseHeaders?: SendMode;
  readonly responseBody?: BodyMode;
  readonly responseTrailers?: SendMode;
  /** `send_body_without_waiting_for_header_response`: acts in STREAMED. */
  readonly sendBodyWithoutWaiting?: boolean;
  /** `allow_content_length_header` (Envoy 1.38 and later). */
  readonly allowContentLengthHeader?: boolean;
  /** `observability_mode`: replies are ignored. */
  readonly observability?: boolean;
  readonly failureModeAllow?: boolean;
  readonly disableImmediateResponse?: boolean;
  /** `status_on_error`; 500. */
  readonly statusOnError?: number;
  /** `message_timeout` in milliseconds; 5,000 here (Envoy: 200), so that a busy machine fails no test. */
  readonly messageTimeout?: number;
  /** The listener's stream idle time-out in milliseconds, the only backstop of FULL_DUPLEX_STREAMED; 10,000 here. */
  readonly idleTimeout?: number;
  /** Largest BUFFERED request body in bytes; 1 MiB. */
  readonly bufferLimit?: number;
  /** `metadata_options.receiving_namespaces.untyped`; none. */
  readonly receivingNamespaces?: readonly string[];
  /** Dynamic metadata that Envoy sends in every message, by namespace. */
  readonly forwardedMetadata?: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;
  /** The values of `request_attributes`, by expression. */
  readonly requestAttributes?: Readonly<Record<string, string | number | boolean>>;
  readonly responseAttributes?: Readonly<Record<string, string | number | boolean>>;
  /** `forward_rules.disallowed_headers`: exact names that the server does not see. */
  readonly disallowedHeaders?: readonly string[];
  /** gRPC initial metadata of the route. */
  readonly initialMetadata?: Readonly<Record<string, string>>;
}

/** What one direction is configured to do. */
export interface DirectionSettings {
  readonly sendHeaders: boolean;
  readonly bodyMode: BodyMode;
  readonly sendTrailers: boolean;
  /** Whether body messages go out while the header reply is due. */
  readonly sendBodyWithoutWaiting: boolean;
  /** Whether `content-length` is taken off (and an edit of it ignored). */
  readonly removesContentLength: boolean;
  readonly observability: boolean;
  readonly bufferLimit: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** `FilterOptions` with every default filled in. */
export interface FilterSettings {
  readonly request: DirectionSettings;
  readonly response: DirectionSettings;
  readonly sendBodyWithoutWaiting: boolean;
  readonly observability: boolean;
  readonly failureModeAllow: boolean;
  readonly disableImmediateResponse: boolean;
  readonly statusOnError: number;
  readonly messageTimeout: number;
  readonly idleTimeout: number;
  readonly receivingNamespaces: readonly string[];
  readonly forwardedMetadata: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;
  readonly disallowedHeaders: ReadonlySet<string>;
  readonly initialMetadata: Readonly<Record<string, string>>;
}

/**
 * Fills in the defaults.
 * @throws Error for a combination that Envoy refuses when it loads its configuration
 */
export function filterSettings(options: FilterOptions): FilterSettings {
  const observability = options.observability ?? false;
  const request = directionSettings(options, 'request');
  const response = directionSettings(options, 'response');
  return {
    request,
    response,
    sendBodyWithoutWaiting: options.sendBodyWithoutWaiting ?? false,
    observability,
    failureModeAllow: options.failureModeAllow ?? false,
    disableImmediateResponse: options.disableImmediateResponse ?? false,
    statusOnError: options.statusOnError ?? 500,
    messageTimeout: options.messageTimeout ?? 5_000,
    idleTimeout: options.idleTimeout ?? 10_000,
    receivingNamespaces: options.receivingNamespaces ?? [],
    forwardedMetadata: options.forwardedMetadata ?? {},
    disallowedHeaders: new Set(options.disallowedHeaders?.map((name) => name.toLowerCase())),
    initialMetadata: options.initialMetadata ?? {},
  };
}

function directionSettings(options: FilterOptions, name: 'request' | 'response'): DirectionSettings {
  const isRequest = name === 'request';
  const bodyMode = (isRequest ? options.requestBody : options.responseBody) ?? 'NONE';
  const sendHeaders = ((isRequest ? options.requestHeaders : options.responseHeaders) ?? 'SEND') === 'SEND';
  const duplex = bodyMode === 'FULL_DUPLEX_STREAMED';
  const trailers = isRequest ? options.requestTrailers : options.responseTrailers;
  if (duplex && trailers === 'SKIP') {
    throw new Error(
      `${name}Trailers must be SEND where ${name}Body is FULL_DUPLEX_STREAMED: Envoy refuses it`,
    );
  }
  const observability = options.observability ?? false;
  if (observability && bodyMode !== 'NONE' && bodyMode !== 'STREAMED') {
    throw new Error(`${name}Body must be NONE or STREAMED in observability mode: Envoy refuses ${bodyMode}`);
  }
  const streams = duplex || bodyMode === 'STREAMED' || (bodyMode === 'BUFFERED' && !sendHeaders);
  return {
    sendHeaders,
    bodyMode,
    sendTrailers: (trailers ?? (duplex ? 'SEND' : 'SKIP')) === 'SEND',
    sendBodyWithoutWaiting: duplex || (bodyMode === 'STREAMED' && (options.sendBodyWithoutWaiting ?? false)),
    removesContentLength: streams && !observability && !(options.allowContentLengthHeader ?? false),
    observability,
    bufferLimit: isRequest ? (options.bufferLimit ?? 1_048_576) : Number.POSITIVE_INFINITY,
    attributes: (isRequest ? options.requestAttributes : options.responseAttributes) ?? {},
  };
}

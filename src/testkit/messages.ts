/**
 * The messages of `envoy.service.ext_proc.v3` as plain objects, in the shape that `@grpc/proto-loader` gives them with
 * the options of `proto.ts`: camel case, bytes as `Buffer`, absent members absent. Enums may be written by name or by
 * number; read from the wire they are numbers.
 */

/** `core.v3.HeaderValue`. Envoy writes and reads `rawValue` only. */
export interface HeaderValue {
  readonly key?: string;
  readonly value?: string;
  readonly rawValue?: Uint8Array;
}

/** `core.v3.HeaderValueOption`. */
export interface HeaderValueOption {
  readonly header?: HeaderValue | null;
  /** A wrapped boolean; absent = overwrite. */
  readonly append?: { readonly value?: boolean } | null;
  readonly appendAction?: string | number;
}

export interface HeaderMutation {
  readonly setHeaders?: readonly HeaderValueOption[];
  readonly removeHeaders?: readonly string[];
}

export interface StreamedBodyResponse {
  readonly body?: Uint8Array;
  readonly endOfStream?: boolean;
}

export interface BodyMutation {
  readonly body?: Uint8Array;
  readonly clearBody?: boolean;
  readonly streamedResponse?: StreamedBodyResponse | null;
}

export interface CommonResponse {
  readonly status?: string | number;
  readonly headerMutation?: HeaderMutation | null;
  readonly bodyMutation?: BodyMutation | null;
  readonly clearRouteCache?: boolean;
}

/** The reply to a headers or body message. */
export interface CommonReply {
  readonly response?: CommonResponse | null;
}

export interface TrailersReply {
  readonly headerMutation?: HeaderMutation | null;
}

export interface ImmediateResponse {
  readonly status?: { readonly code?: string | number } | null;
  readonly headers?: HeaderMutation | null;
  readonly body?: Uint8Array;
  readonly grpcStatus?: { readonly status?: number } | null;
  readonly details?: string;
}

/** `google.protobuf.Struct` and `Value`. */
export interface Struct {
  readonly fields?: Readonly<Record<string, Value>>;
}

export interface Value {
  readonly nullValue?: string | number;
  readonly numberValue?: number;
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly structValue?: Struct;
  readonly listValue?: { readonly values?: readonly Value[] };
}

/** What the server sends; exactly one of the members above `dynamicMetadata` is due. */
export interface ProcessingResponse {
  readonly requestHeaders?: CommonReply | null;
  readonly responseHeaders?: CommonReply | null;
  readonly requestBody?: CommonReply | null;
  readonly responseBody?: CommonReply | null;
  readonly requestTrailers?: TrailersReply | null;
  readonly responseTrailers?: TrailersReply | null;
  readonly immediateResponse?: ImmediateResponse | null;
  readonly dynamicMetadata?: Struct | null;
  readonly modeOverride?: unknown;
  readonly overrideMessageTimeout?: unknown;
}

export interface HttpHeaders {
  readonly headers: { readonly headers: readonly HeaderValue[] };
  readonly endOfStream?: boolean;
}

export interface HttpBody {
  readonly body?: Uint8Array;
  readonly endOfStream?: boolean;
}

export interface HttpTrailers {
  readonly trailers: { readonly headers: readonly HeaderValue[] };
}

export interface ProtocolConfiguration {
  readonly requestBodyMode: string | number;
  readonly responseBodyMode: string | number;
  readonly sendBodyWithoutWaitingForHeaderResponse: boolean;
}

/** What Envoy sends. */
export interface ProcessingRequest {
  readonly requestHeaders?: HttpHeaders;
  readonly responseHeaders?: HttpHeaders;
  readonly requestBody?: HttpBody;
  readonly responseBody?: HttpBody;
  readonly requestTrailers?: HttpTrailers;
  readonly responseTrailers?: HttpTrailers;
  readonly metadataContext?: { readonly filterMetadata: Readonly<Record<string, Struct>> };
  readonly attributes?: Readonly<Record<string, Struct>>;
  readonly observabilityMode?: boolean;
  readonly protocolConfig?: ProtocolConfiguration;
}

/** The end of a gRPC stream: a status code of gRPC (0 = OK) and the server's text. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

/** The two directions of an exchange. */
export type DirectionName = 'request' | 'response';

/** The three kinds of message in a direction. */
export type MessageKind = 'headers' | 'body' | 'trailers';

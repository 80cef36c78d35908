export type { Connector, ProcessCall, ReplyListener } from './connector.ts';
export { createEnvoyDouble, type EnvoyDouble, type EnvoyDoubleOptions } from './envoy-double.ts';
export { type GrpcConnectorOptions, grpcConnector } from './grpc-connector.ts';
export {
  type BytesInput,
  type HeaderInput,
  type HeaderLine,
  headerValue,
  type ScriptedRequest,
  type ScriptedResponse,
} from './http.ts';
export {
  inProcess,
  inProcessBytes,
  type ServerHandler,
  type ServerStream,
  type StreamHandler,
} from './in-process.ts';
export type * from './messages.ts';
export type { Framing, Received } from './next-hop.ts';
export type { BodyMode, FilterOptions, SendMode } from './options.ts';
export type { ClientView, ExchangeResult, LoggedMessage, UpstreamView } from './result.ts';
export type { RequestHead, Session } from './session.ts';
export {
  type EnvoyReaction,
  VIOLATIONS,
  type Violation,
  type ViolationCode,
  ViolationError,
} from './violations.ts';

import type { BodyMode, StreamModes } from '../events.ts';

/** The modes of a socket, or the text that names the setting of Envoy to change. */
export type SocketModesReading =
  | { readonly ok: true; readonly modes: StreamModes }
  | { readonly ok: false; readonly text: string };

/**
 * Body modes in which the bytes of a socket come as they are, in any pair of request and response. In all others Envoy
 * holds the handshake or the frames back, or (response NONE and BUFFERED on 1.37 and 1.38) lets frames pass unseen;
 * measured on Envoy 1.36–1.40.
 */
const SOCKET_MODES: ReadonlySet<BodyMode> = new Set(['STREAMED', 'FULL_DUPLEX_STREAMED']);

const REMEDY =
  'give WebSockets a filter chain of their own (upgrade_configs[].filters) with STREAMED in both directions.';

/** Whether the modes of a stream are ones in which no message of a socket can pass unseen. */
export function readSocketModes(modes: StreamModes | undefined): SocketModesReading {
  if (modes === undefined) {
    return fault(
      'The first message of the ext_proc filter has no protocol_config: set observability_mode to false.',
    );
  }
  if (!SOCKET_MODES.has(modes.request)) {
    return fault(
      `processing_mode.request_body_mode is ${modes.request}, in which a WebSocket cannot be judged: ${REMEDY}`,
    );
  }
  if (!SOCKET_MODES.has(modes.response)) {
    return fault(
      `processing_mode.response_body_mode is ${modes.response}, in which messages of a WebSocket can pass unseen: ${REMEDY}`,
    );
  }
  return { ok: true, modes };
}

function fault(text: string): SocketModesReading {
  return { ok: false, text };
}

/** What is said where headers are skipped and nothing else tells what the stream is. */
export const NOTHING_TELLS_THE_PATH =
  'The ext_proc filter sends neither request headers nor the attribute request.path: list the same request_attributes ' +
  'and response_attributes (request.path, request.method, request.id, ' +
  "request.headers['upgrade'], request.headers['authorization'], xds.route_name), or set request_header_mode to SEND.";

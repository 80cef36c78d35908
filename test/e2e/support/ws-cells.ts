import type { Option, SocketModes } from '../../../tools/envoy/reference.ts';
import type { SocketCell } from './ws-stack.ts';

/** A way for sockets through Envoy that was measured, with the releases on which its handshake hangs. */
export interface MeasuredCell extends SocketCell {
  /** Fit for the name of a listener. */
  readonly name: string;
  readonly hangsOn?: readonly string[];
  /** Clients of this cell open their sockets by extended CONNECT of HTTP/2. */
  readonly http2?: boolean;
}

type Header = 'SEND' | 'SKIP';
type Body = 'S' | 'FDS';

const BODIES = { S: 'STREAMED', FDS: 'FULL_DUPLEX_STREAMED' } as const;
const HANGS_WITHOUT_NOWAIT = ['1.39.3'];

function modesOf([requestHeader, responseHeader, requestBody, responseBody]: readonly [
  Header,
  Header,
  Body,
  Body,
]): SocketModes {
  return {
    request_header_mode: requestHeader,
    response_header_mode: responseHeader,
    request_body_mode: BODIES[requestBody],
    response_body_mode: BODIES[responseBody],
    // Envoy takes FULL_DUPLEX_STREAMED only with the trailers of its direction.
    request_trailer_mode: requestBody === 'FDS' ? 'SEND' : 'SKIP',
    response_trailer_mode: responseBody === 'FDS' ? 'SEND' : 'SKIP',
  };
}

function cell(
  pair: readonly [Header, Header, Body, Body],
  nowait: boolean,
  hangsOn: readonly string[] = [],
): MeasuredCell {
  const name = `${pair.join('_')}${nowait ? '_nowait' : ''}`;
  return { name, modes: modesOf(pair), nowait, hangsOn, ...withoutHeaders(pair[0]) };
}

/** Where headers are skipped, the route takes away what Tiergate cannot; the lines for it are in the shipped file. */
function withoutHeaders(requestHeader: Header): { readonly options?: readonly Option[] } {
  return requestHeader === 'SKIP' ? { options: ['skip'] } : {};
}

/** Every pair of modes in which sockets work, on all releases but those on which the handshake hangs. */
export const WORKING_CELLS: readonly MeasuredCell[] = [
  cell(['SEND', 'SEND', 'S', 'S'], false, HANGS_WITHOUT_NOWAIT),
  cell(['SEND', 'SEND', 'S', 'S'], true),
  cell(['SEND', 'SKIP', 'S', 'S'], false, HANGS_WITHOUT_NOWAIT),
  cell(['SEND', 'SKIP', 'S', 'S'], true),
  cell(['SKIP', 'SEND', 'S', 'S'], false, HANGS_WITHOUT_NOWAIT),
  cell(['SEND', 'SEND', 'FDS', 'FDS'], false),
  cell(['SEND', 'SEND', 'S', 'FDS'], false, HANGS_WITHOUT_NOWAIT),
  cell(['SEND', 'SKIP', 'S', 'FDS'], false, HANGS_WITHOUT_NOWAIT),
  cell(['SEND', 'SKIP', 'S', 'FDS'], true),
  cell(['SEND', 'SKIP', 'FDS', 'S'], false),
  cell(['SKIP', 'SKIP', 'S', 'S'], false),
  cell(['SKIP', 'SKIP', 'FDS', 'FDS'], false),
  cell(['SKIP', 'SKIP', 'S', 'FDS'], false),
  { name: 'shipped_skip', options: ['skip'] },
  { name: 'shipped_http2', options: ['http2'], http2: true, hangsOn: ['1.39.3'] },
  { name: 'shipped_http2_skip', options: ['http2', 'skip'], http2: true },
];

/** A way that is refused. */
export interface RefusedCell extends SocketCell {
  readonly name: string;
  /** How the log names the setting to change. */
  readonly remedy: string;
}

/** Ways in which Envoy would let messages pass unseen, or hold them for ever. */
export const REFUSED_CELLS: readonly RefusedCell[] = [
  {
    name: 'response_none',
    modes: { response_body_mode: 'NONE' },
    remedy: 'response_body_mode is NONE',
  },
  {
    name: 'response_buffered',
    modes: { response_body_mode: 'BUFFERED' },
    remedy: 'response_body_mode is BUFFERED',
  },
  {
    name: 'request_none',
    modes: { request_body_mode: 'NONE' },
    remedy: 'request_body_mode is NONE',
  },
  {
    name: 'skip_response_none',
    options: ['skip'],
    modes: { response_body_mode: 'NONE' },
    remedy: 'response_body_mode is NONE',
  },
  {
    name: 'skip_response_buffered',
    options: ['skip'],
    modes: { response_body_mode: 'BUFFERED' },
    remedy: 'response_body_mode is BUFFERED',
  },
];

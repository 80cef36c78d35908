import type { HeaderLine } from '../dialects/types.ts';

/** What the exchange itself reads of the request headers. */
export interface RequestHead {
  readonly headers: readonly HeaderLine[];
  /** Path with query as the client wrote it; empty for a CONNECT without one. */
  readonly path: string;
  /** `:authority` as the client wrote it; empty where there is none. */
  readonly authority: string;
  /** Envoy's `x-request-id`. */
  readonly requestId: string | undefined;
  /** An upgrade or a tunnel: after it the bytes are no HTTP body. */
  readonly upgrade: boolean;
  /** Undefined where none is given; infinite where it is no number that can be held. */
  readonly contentLength: number | undefined;
  /** A `trailer` header announces trailers (RFC 9110, section 6.6.2). */
  readonly announcesTrailers: boolean;
}

/** Reads the header list in one pass. */
export function readHead(headers: readonly HeaderLine[]): RequestHead {
  let path = '';
  let authority = '';
  let requestId: string | undefined;
  let upgrade = false;
  let contentLength: number | undefined;
  let announcesTrailers = false;
  for (const { name, value } of headers) {
    switch (name) {
      case ':path':
        path = value;
        break;
      case ':authority':
        authority = value;
        break;
      case ':method':
        if (value.toUpperCase() === 'CONNECT') upgrade = true;
        break;
      case ':protocol':
      case 'upgrade':
        upgrade = true;
        break;
      case 'content-length':
        contentLength = readLength(value);
        break;
      case 'trailer':
        announcesTrailers = true;
        break;
      case 'x-request-id':
        requestId = value;
        break;
    }
  }
  return { headers, path, authority, requestId, upgrade, contentLength, announcesTrailers };
}

function readLength(value: string): number {
  return /^\d{1,15}$/.test(value) ? Number(value) : Number.POSITIVE_INFINITY;
}

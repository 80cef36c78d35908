import { setTimeout as delay } from 'node:timers/promises';
import {
  bodyPieces,
  type HeaderLine,
  headerLines,
  type ScriptedRequest,
  type ScriptedResponse,
} from './http.ts';
import type { Session } from './session.ts';

/** HTTP/2 clients' data frames, as Envoy reads them. */
const HTTP2_FRAME = 16_384;

/** Plays a script on a session: the client's side and the upstream's, each at its own time. */
export async function play(session: Session, script: ScriptedRequest, pace: number): Promise<void> {
  await Promise.all([playClient(session, script, pace), playUpstream(session, script, pace)]);
}

async function playClient(session: Session, script: ScriptedRequest, pace: number): Promise<void> {
  const pieces = bodyPieces(script.body);
  const trailers = script.trailers;
  const http2 = script.protocol === 'HTTP/2';
  // HTTP/1.1 has no place for trailers behind a content-length.
  const announces = (script.contentLength ?? true) && (http2 || trailers === undefined);
  const headers = withLength(headerLines(script.headers), announces ? pieces : undefined);
  const bodyless = trailers === undefined && (pieces === undefined || (announces && size(pieces) === 0));
  session.sendClientHeaders({ ...script, headers }, bodyless);
  if (bodyless) return;
  await sendBody(pieces ?? [], {
    session,
    pace,
    oneRead: !Array.isArray(script.body),
    frame: http2 ? HTTP2_FRAME : undefined,
    ends: trailers === undefined,
    send: (bytes, end) => session.sendClientBytes(bytes, end),
  });
  if (trailers !== undefined) session.sendClientTrailers(trailers);
}

async function playUpstream(session: Session, script: ScriptedRequest, pace: number): Promise<void> {
  const response: ScriptedResponse = script.response ?? {};
  const early = response.when === 'request-headers';
  const asked = (): boolean => (early ? session.upstreamStarted : session.upstreamComplete);
  if (!(await session.until(asked)) || session.over) return;
  // An answer never comes in the same read as the reply that let the request go.
  await new Promise((resolve) => setImmediate(resolve));
  const status = response.status ?? 200;
  const pieces = script.method === 'HEAD' ? undefined : bodyPieces(response.body);
  const announces = (response.contentLength ?? true) && response.trailers === undefined;
  const headers = withLength(headerLines(response.headers), announces ? (pieces ?? []) : undefined);
  const bodyless =
    response.trailers === undefined && (pieces === undefined || (announces && size(pieces) === 0));
  session.sendUpstreamHeaders(status, headers, bodyless);
  if (bodyless) return;
  await sendBody(pieces ?? [], {
    session,
    pace,
    oneRead: !Array.isArray(response.body),
    frame: undefined,
    ends: response.trailers === undefined,
    send: (bytes, end) => session.sendUpstreamBytes(bytes, end),
  });
  if (response.trailers !== undefined) session.sendUpstreamTrailers(response.trailers);
}

interface BodyPlay {
  readonly session: Session;
  readonly pace: number;
  /** The body comes in the same read as the headers. */
  readonly oneRead: boolean;
  /** HTTP/2: data frames of this size, the end on the last. HTTP/1.1: as read, then an empty end. */
  readonly frame: number | undefined;
  /** The body ends the message (no trailers follow). */
  readonly ends: boolean;
  send(bytes: Buffer, endOfStream: boolean): void;
}

async function sendBody(pieces: readonly Buffer[], play: BodyPlay): Promise<void> {
  for (const [index, piece] of pieces.entries()) {
    if (!play.oneRead) {
      await play.session.settled(play.pace);
      await delay(1);
    }
    const last = index === pieces.length - 1;
    if (play.frame === undefined) {
      if (piece.length > 0) play.send(piece, false);
      continue;
    }
    for (let at = 0; at < Math.max(piece.length, 1); at += play.frame) {
      const end = play.ends && last && at + play.frame >= piece.length;
      if (piece.length > 0 || end) play.send(piece.subarray(at, at + play.frame), end);
    }
  }
  if (play.ends && (play.frame === undefined || pieces.length === 0)) play.send(Buffer.alloc(0), true);
}

function size(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

function withLength(lines: readonly HeaderLine[], pieces: readonly Buffer[] | undefined): HeaderLine[] {
  const known = lines.some(([name]) => name === 'content-length');
  return pieces === undefined || known ? [...lines] : [...lines, ['content-length', String(size(pieces))]];
}

import { request as http1Request } from 'node:http';
import { connect } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { bodyPieces, headerLines } from '../../../src/testkit/http.ts';
import type { ScriptedRequest } from '../../../src/testkit/index.ts';
import { PIECE_GAP } from './scripted-upstream.ts';

/** What the client got, and when it had sent its last byte. */
export interface ClientOutcome {
  /** 0 where the connection ended without an answer. */
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly trailers: readonly (readonly [string, string])[];
  readonly sentAt: number;
}

/** Sends a scripted request to a real Envoy, over the protocol that it names. */
export function sendScripted(port: number, id: string, script: ScriptedRequest): Promise<ClientOutcome> {
  return script.protocol === 'HTTP/2' ? sendHttp2(port, id, script) : sendHttp1(port, id, script);
}

interface Sending {
  write(bytes: Buffer): void;
  end(last?: Buffer): void;
  readonly over: () => boolean;
}

/** Writes the body: in one piece with the headers, or piece by piece. Gives the time of the last byte. */
async function sendPieces(script: ScriptedRequest, sending: Sending): Promise<number> {
  const pieces = bodyPieces(script.body) ?? [];
  if (!Array.isArray(script.body)) {
    sending.end(pieces[0]);
    return performance.now();
  }
  let sentAt = 0;
  for (const piece of pieces) {
    await delay(PIECE_GAP);
    if (sending.over()) return performance.now();
    sentAt = performance.now();
    if (piece === pieces.at(-1)) sending.end(piece);
    else sending.write(piece);
  }
  return sentAt;
}

function sendHttp1(port: number, id: string, script: ScriptedRequest): Promise<ClientOutcome> {
  const pieces = bodyPieces(script.body);
  const announced = (script.contentLength ?? true) && script.trailers === undefined;
  const lines = headerLines(script.headers);
  lines.push(['host', 'api.example.com'], ['x-behaviour', id]);
  if (pieces !== undefined) {
    const length = String(pieces.reduce((sum, piece) => sum + piece.length, 0));
    lines.push(announced ? ['content-length', length] : ['transfer-encoding', 'chunked']);
  }
  return new Promise((resolve) => {
    let sentAt: Promise<number> = Promise.resolve(0);
    let over = false;
    const finish = (outcome: Omit<ClientOutcome, 'sentAt'>): void => {
      over = true;
      void sentAt.then((at) => resolve({ ...outcome, sentAt: at }));
    };
    const outgoing = http1Request({
      port,
      host: '127.0.0.1',
      method: script.method ?? 'POST',
      path: script.path ?? '/',
      headers: lines.flat(),
      agent: false,
    });
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      let done = false;
      const close = (): void => {
        if (done) return;
        done = true;
        finish({
          status: incoming.statusCode ?? 0,
          headers: pairs(incoming.rawHeaders),
          body: Buffer.concat(chunks),
          trailers: pairs(incoming.rawTrailers),
        });
      };
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', close);
      incoming.on('error', close);
      incoming.on('close', close);
    });
    outgoing.on('error', () => {
      if (!over) finish({ status: 0, headers: [], body: Buffer.alloc(0), trailers: [] });
    });
    if (script.trailers !== undefined)
      outgoing.addTrailers(
        headerLines(script.trailers).map(([name, value]): [string, string] => [name, value]),
      );
    if (Array.isArray(script.body)) outgoing.flushHeaders();
    sentAt = sendPieces(script, {
      write: (bytes) => void outgoing.write(bytes),
      end: (last) => void (last === undefined ? outgoing.end() : outgoing.end(last)),
      over: () => over,
    });
  });
}

function sendHttp2(port: number, id: string, script: ScriptedRequest): Promise<ClientOutcome> {
  const session = connect(`http://127.0.0.1:${port}`);
  const pieces = bodyPieces(script.body);
  const lines = headerLines(script.headers);
  if (pieces !== undefined && (script.contentLength ?? true)) {
    lines.push(['content-length', String(pieces.reduce((sum, piece) => sum + piece.length, 0))]);
  }
  return new Promise((resolve) => {
    let over = false;
    let sentAt: Promise<number> = Promise.resolve(0);
    const stream = session.request(
      {
        ':method': script.method ?? 'POST',
        ':path': script.path ?? '/',
        ':authority': 'api.example.com',
        'x-behaviour': id,
        ...Object.fromEntries(lines),
      },
      { endStream: pieces === undefined, waitForTrailers: script.trailers !== undefined },
    );
    let status = 0;
    let headers: (readonly [string, string])[] = [];
    const chunks: Buffer[] = [];
    stream.on('response', (received) => {
      status = Number(received[':status']);
      headers = Object.entries(received).map(([name, value]) => [name, String(value)]);
    });
    stream.on('wantTrailers', () => stream.sendTrailers(Object.fromEntries(headerLines(script.trailers))));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined);
    stream.on('close', () => {
      over = true;
      session.destroy();
      void sentAt.then((at) =>
        resolve({ status, headers, body: Buffer.concat(chunks), trailers: [], sentAt: at }),
      );
    });
    if (pieces !== undefined) {
      sentAt = sendPieces(script, {
        write: (bytes) => void stream.write(bytes),
        end: (last) => void (last === undefined ? stream.end() : stream.end(last)),
        over: () => over,
      });
    }
  });
}

function pairs(flat: readonly string[]): (readonly [string, string])[] {
  const lines: (readonly [string, string])[] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    lines.push([(flat[index] ?? '').toLowerCase(), flat[index + 1] ?? '']);
  }
  return lines;
}

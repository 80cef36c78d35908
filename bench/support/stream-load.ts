import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { requestHeaders } from './bodies.ts';
import { grpcFrame, headerLines, PROCESS_PATH } from './grpc-frames.ts';

const BUFFERED = 2;
const NONE = 0;

/** The two messages of one BUFFERED request, as Envoy sends them. */
function framesOf(body: Buffer): { readonly headers: Buffer; readonly body: Buffer } {
  const headers = { headers: headerLines(requestHeaders(body.length)) };
  return {
    headers: grpcFrame({
      request: { $case: 'requestHeaders', value: { headers, attributes: new Map(), endOfStream: false } },
      protocolConfig: {
        requestBodyMode: BUFFERED,
        responseBodyMode: NONE,
        sendBodyWithoutWaitingForHeaderResponse: false,
      },
    }),
    body: grpcFrame({
      request: { $case: 'requestBody', value: { body, endOfStream: true, endOfStreamWithoutMessage: false } },
    }),
  };
}

/** One request as Envoy makes it: headers, wait, body, wait, then half-close and reset. Resolves at the reset. */
function exchange(session: ClientHttp2Session, frames: { headers: Buffer; body: Buffer }): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': PROCESS_PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let pending: Buffer = Buffer.alloc(0);
    let replies = 0;
    stream.on('error', reject);
    stream.on('data', (bytes: Buffer) => {
      pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
      while (pending.length >= 5 && pending.length >= 5 + pending.readUInt32BE(1)) {
        pending = pending.subarray(5 + pending.readUInt32BE(1));
        replies += 1;
        if (replies === 1) stream.end(frames.body);
        if (replies === 2) {
          stream.off('error', reject);
          stream.on('error', () => {});
          stream.close(constants.NGHTTP2_CANCEL, resolve);
          return;
        }
      }
    });
    stream.on('close', () => {
      if (replies < 2) reject(new Error(`the server ended the stream after ${replies} replies`));
    });
    stream.write(frames.headers);
  });
}

export interface StreamLoadOptions {
  readonly port: number;
  readonly body: Buffer;
  readonly requests: number;
  readonly inFlight: number;
}

/**
 * Sends `requests` exchanges straight to an ext_proc server, `inFlight` at a time over one connection.
 *
 * @returns seconds from the first to the last
 * @throws Error where one of them is not answered
 */
export async function streamLoad(options: StreamLoadOptions): Promise<number> {
  const session = connect(`http://127.0.0.1:${options.port}`, {
    settings: { initialWindowSize: 16 * 1024 * 1024 },
    // In MB; beyond it Node refuses new streams of its own accord.
    maxSessionMemory: 1000,
  });
  session.on('error', () => {});
  session.on('goaway', (code) => process.stderr.write(`the server said GOAWAY with code ${code}\n`));
  const frames = framesOf(options.body);
  let left = options.requests;
  const started = process.hrtime.bigint();
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await exchange(session, frames);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.inFlight }, worker));
    return Number(process.hrtime.bigint() - started) / 1e9;
  } finally {
    session.destroy();
  }
}

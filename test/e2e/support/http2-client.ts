import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import type { Answer } from './answer.ts';

/** A request of the HTTP/2 client. */
export interface Http2Request {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body; an array goes out as separate writes. */
  readonly body?: Buffer | readonly Buffer[];
  readonly trailers?: Readonly<Record<string, string>>;
}

/** An HTTP/2 client without TLS (prior knowledge), one connection. */
export class Http2Client {
  readonly #session: ClientHttp2Session;

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
    session.on('error', () => {});
  }

  static async connect(port: number): Promise<Http2Client> {
    const session = connect(`http://127.0.0.1:${port}`);
    await once(session, 'connect');
    return new Http2Client(session);
  }

  /**
   * Sends one request and reads its answer to the end.
   *
   * @throws Error where the stream ends without an answer
   */
  send(request: Http2Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request(
        { ':method': request.method ?? 'POST', ':path': request.path, ...request.headers },
        { endStream: request.body === undefined, waitForTrailers: request.trailers !== undefined },
      );
      let status = 0;
      const headers = new Map<string, string>();
      const parts: Buffer[] = [];
      stream.on('response', (received) => {
        for (const [name, value] of Object.entries(received)) headers.set(name, String(value));
        status = Number(received[':status']);
      });
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        if (status === 0) return;
        resolve({ status, headers, body: Buffer.concat(parts) });
        stream.close();
      });
      // An answer before the end of the body comes with a reset: it counts as long as the answer is whole.
      stream.on('error', reject);
      stream.on('close', () => reject(new Error(`the stream ended without an answer (${stream.rstCode})`)));
      stream.on('wantTrailers', () => stream.sendTrailers({ ...request.trailers }));
      if (request.body === undefined) return;
      const bodies = Buffer.isBuffer(request.body) ? [request.body] : request.body;
      for (const part of bodies) stream.write(part);
      stream.end();
    });
  }

  close(): void {
    this.#session.destroy();
  }
}

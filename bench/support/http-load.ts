import { connect, type Socket } from 'node:net';
import { fixedRate } from './fixed-rate.ts';

export interface HttpTarget {
  readonly port: number;
  readonly body: Buffer;
}

function requestBytes(target: HttpTarget): Buffer {
  const head = [
    'POST /v1/responses HTTP/1.1',
    'host: api.example.com',
    'content-type: application/json',
    'authorization: Bearer sk-example-0123456789abcdef0123456789abcdef',
    'user-agent: OpenAI/Python 3.22.1',
    `content-length: ${target.body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), target.body]);
}

/** A kept-alive HTTP/1.1 connection that sends the same request again and again and checks the status. */
class Connection {
  readonly #socket: Socket;
  readonly #request: Buffer;
  #pending: Buffer = Buffer.alloc(0);
  #done: ((error?: Error) => void) | undefined;

  private constructor(socket: Socket, request: Buffer) {
    this.#socket = socket;
    this.#request = request;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('close', () => this.#finish(new Error('the connection was closed')));
    socket.on('error', (error) => this.#finish(error));
  }

  static open(target: HttpTarget): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(target.port, '127.0.0.1', () => {
        socket.off('error', reject);
        resolve(new Connection(socket, requestBytes(target)));
      });
      socket.once('error', reject);
    });
  }

  send(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#done = (error) => (error === undefined ? resolve() : reject(error));
      this.#socket.write(this.#request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    const end = this.#pending.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#pending.toString('latin1', 0, end);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) {
      this.#finish(new Error(`no content-length in ${JSON.stringify(head)}`));
      return;
    }
    if (this.#pending.length < end + 4 + length) return;
    this.#pending = this.#pending.subarray(end + 4 + length);
    this.#finish(head.startsWith('HTTP/1.1 200') ? undefined : new Error(head.split('\r\n', 1)[0]));
  }

  #finish(error?: Error): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(error);
  }
}

/** Requests answered in `seconds` by `connections` that never pause. @throws Error at the first failed request */
export async function saturate(target: HttpTarget, connections: number, seconds: number): Promise<number> {
  const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(target)));
  const until = performance.now() + seconds * 1000;
  let answered = 0;
  const worker = async (connection: Connection) => {
    while (performance.now() < until) {
      await connection.send();
      answered += 1;
    }
  };
  try {
    await Promise.all(opened.map(worker));
    return answered;
  } finally {
    for (const connection of opened) connection.close();
  }
}

/** {@link fixedRate} over 32 connections. @throws Error at the first failed request */
export async function steady(target: HttpTarget, rate: number, seconds: number): Promise<number[]> {
  const opened = await Promise.all(Array.from({ length: 32 }, () => Connection.open(target)));
  try {
    return await fixedRate(opened, rate, seconds);
  } finally {
    for (const connection of opened) connection.close();
  }
}

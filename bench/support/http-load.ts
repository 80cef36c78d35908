import { connect, type Socket } from 'node:net';

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

/**
 * Sends at a fixed rate, evenly spaced, whatever the answers do, and measures each from the time at which it was to go
 * out, a wait for a free connection included: a stalled server cannot hide its queue.
 *
 * @returns latencies in milliseconds, sorted
 */
export async function fixedRate(target: HttpTarget, rate: number, seconds: number): Promise<number[]> {
  const idle = await Promise.all(Array.from({ length: 32 }, () => Connection.open(target)));
  const opened = [...idle];
  const total = Math.round(rate * seconds);
  const latencies: number[] = [];
  const waiting: number[] = [];
  const pending = new Set<Promise<void>>();
  const started = performance.now() + 20;
  const run = async (connection: Connection, due: number): Promise<void> => {
    await connection.send();
    latencies.push(performance.now() - due);
    const next = waiting.shift();
    if (next === undefined) idle.push(connection);
    else await run(connection, next);
  };
  const start = (due: number) => {
    const connection = idle.pop();
    if (connection === undefined) {
      waiting.push(due);
      return;
    }
    const task: Promise<void> = run(connection, due).finally(() => pending.delete(task));
    pending.add(task);
  };
  try {
    for (let sent = 0; sent < total; ) {
      const now = performance.now();
      while (sent < total && started + (sent * 1000) / rate <= now) {
        start(now);
        sent += 1;
      }
      await new Promise((resolve) =>
        setTimeout(resolve, Math.max(0, started + (sent * 1000) / rate - performance.now())),
      );
    }
    await Promise.all(pending);
    return latencies.sort((a, b) => a - b);
  } finally {
    for (const connection of opened) connection.close();
  }
}

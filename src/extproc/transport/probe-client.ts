import { connect, type Socket } from 'node:net';

/**
 * A client that speaks just enough HTTP/2 to open streams and reset them at once, as Envoy does: Node's own client
 * takes a stream back that is reset before it was sent, and costs ten times as much.
 */

/** What the server said of itself and did until the answer to a last ping, or until it dropped the connection. */
export interface ProbeResult {
  /** Whether the ping behind all the resets was answered. */
  readonly survived: boolean;
  /** SETTINGS_INITIAL_WINDOW_SIZE; undefined where it was not announced. */
  readonly streamWindow: number | undefined;
  /** What was added to the window of the connection. */
  readonly connectionWindowAdded: number;
}

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** RFC 9113, section 6. */
const frameTypes = { headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, windowUpdate: 8 } as const;
const endHeaders = 0x4;
const acknowledged = 0x1;
const initialWindowSetting = 0x4;
const cancelCode = 8;
const frameHeadBytes = 9;

/** How long the server has for all of it. */
const probeTimeoutMs = 5_000;

/**
 * Opens and resets one stream for each of `paths` on one connection.
 *
 * @throws Error where the server cannot be reached or neither answers nor drops the connection
 */
export function probeResets(port: number, paths: readonly string[]): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    const answers = new AnswerReader();
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(Buffer.concat(probeFrames(paths))));
    const finish = (survived: boolean): void => {
      socket.destroy();
      resolve({
        survived,
        streamWindow: answers.streamWindow,
        connectionWindowAdded: answers.connectionWindowAdded,
      });
    };
    socket.setTimeout(probeTimeoutMs, () => {
      socket.destroy();
      reject(new Error('the HTTP/2 server did not answer'));
    });
    socket.on('data', (bytes) => {
      const end = answers.read(bytes);
      if (end !== undefined) finish(end === 'pong');
    });
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
  });
}

function probeFrames(paths: readonly string[]): Buffer[] {
  const frames = [Buffer.from(preface), frame(frameTypes.settings, 0, 0, Buffer.alloc(0))];
  const reset = Buffer.alloc(4);
  reset.writeUInt32BE(cancelCode);
  for (const [index, path] of paths.entries()) {
    const id = 2 * index + 1;
    frames.push(
      frame(frameTypes.headers, endHeaders, id, headerBlock(path)),
      frame(frameTypes.reset, 0, id, reset),
    );
  }
  frames.push(frame(frameTypes.ping, 0, 0, Buffer.alloc(8)));
  return frames;
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** `:method POST`, `:scheme http`, `:path`, `:authority`, `content-type` by RFC 7541, without the dynamic table. */
function headerBlock(path: string): Buffer {
  return Buffer.concat([
    Buffer.from([0x83, 0x86]),
    literal([0x04], path),
    literal([0x01], 'probe'),
    literal([0x0f, 0x10], 'application/grpc'),
  ]);
}

function literal(name: readonly number[], value: string): Buffer {
  return Buffer.from([...name, value.length, ...Buffer.from(value)]);
}

/** Reads the frames of the server. */
class AnswerReader {
  streamWindow: number | undefined;
  connectionWindowAdded = 0;
  #bytes = Buffer.alloc(0);

  /** @returns `pong` at the answer to the ping, `goaway` where the server gives the connection up */
  read(bytes: Buffer): 'pong' | 'goaway' | undefined {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= frameHeadBytes) {
      const end = frameHeadBytes + this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < end) return undefined;
      const type = this.#bytes.readUInt8(3);
      const flags = this.#bytes.readUInt8(4);
      const stream = this.#bytes.readUInt32BE(5);
      const payload = this.#bytes.subarray(frameHeadBytes, end);
      this.#bytes = this.#bytes.subarray(end);
      if (type === frameTypes.ping && flags === acknowledged) return 'pong';
      if (type === frameTypes.goaway) return 'goaway';
      if (type === frameTypes.settings) this.#settings(payload);
      if (type === frameTypes.windowUpdate && stream === 0)
        this.connectionWindowAdded += payload.readUInt32BE(0);
    }
    return undefined;
  }

  #settings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) === initialWindowSetting) this.streamWindow = payload.readUInt32BE(at + 2);
    }
  }
}

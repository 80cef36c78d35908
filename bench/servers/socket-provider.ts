import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { encodeServerText } from '../../src/websocket/encode.ts';
import { isControl, readFrameHead } from '../../src/websocket/frame-head.ts';

/** The provider of the socket benches: accepts each handshake, and answers each message with one short frame. Prints its port. */
const ANSWER = encodeServerText('{"type":"response.completed"}');

/** RFC 6455, section 1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function accept(head: string): string {
  const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? '';
  const hash = createHash('sha1').update(`${key}${ACCEPT_GUID}`).digest('base64');
  const lines = ['HTTP/1.1 101 Switching Protocols', 'upgrade: websocket', 'connection: Upgrade'];
  return [...lines, `sec-websocket-accept: ${hash}`, '', ''].join('\r\n');
}

function serve(socket: Socket): void {
  let accepted = false;
  let rest: Buffer = Buffer.alloc(0);
  /** Bytes of the frame at hand that have not come. */
  let left = 0;
  /** Whether that frame ends a message. */
  let answers = false;
  const take = (bytes: Buffer): void => {
    for (let at = 0; at < bytes.length || left === 0; ) {
      const used = Math.min(left, bytes.length - at);
      left -= used;
      at += used;
      if (left > 0) return;
      if (answers) socket.write(ANSWER);
      answers = false;
      const head = readFrameHead(bytes, at);
      if (head === undefined) {
        rest = Buffer.from(bytes.subarray(at));
        return;
      }
      at += head.bytes;
      left = head.length;
      answers = head.fin && !isControl(head.opcode);
    }
  };
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (bytes: Buffer) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    rest = Buffer.alloc(0);
    if (accepted) {
      take(all);
      return;
    }
    const end = all.indexOf('\r\n\r\n');
    if (end < 0) {
      rest = all;
      return;
    }
    accepted = true;
    socket.write(accept(all.toString('latin1', 0, end)));
    take(all.subarray(end + 4));
  });
}

const server = createServer(serve);
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`);
});

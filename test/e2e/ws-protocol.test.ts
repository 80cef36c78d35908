import { once } from 'node:events';
import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunningEnvoy } from '../../tools/envoy/launch.ts';
import { expectHealthyExtProc } from './support/expect.ts';
import { BLOCK_PRIORITY, badMessage } from './support/ws-block.ts';
import { opened, openRaw, openWs } from './support/ws-client.ts';
import { expectErrorEvent, expectNothingOf, expectUpstream } from './support/ws-expect.ts';
import { encodeFrame, OPCODE } from './support/ws-frames.ts';
import { BEHAVIOUR_HEADER } from './support/ws-provider.ts';
import { portOf, useSocketStack } from './support/ws-stack.ts';

const MAX_MESSAGE = 10 * 1024 * 1024;
const MAX_FRAGMENTS = 64;
const MIB = 1024 * 1024;
const MASK = Buffer.from([1, 2, 3, 4]);
const CLEAN = '{"type":"response.create","model":"gpt-5.5"}';
const SECRET = 'secret-behind-it';

function text(payload: string | Buffer, more: { fin?: boolean; opcode?: number } = {}): Buffer {
  return encodeFrame({ opcode: OPCODE.text, payload: Buffer.from(payload), mask: MASK, ...more });
}

/** The same bytes with another first byte: FIN, reserved bits and opcode. */
function withFirstByte(bytes: Buffer, first: number): Buffer {
  return Buffer.concat([Buffer.from([first]), bytes.subarray(1)]);
}

/** Bytes that are no message, with the close code (RFC 6455) and the code of the error event. */
const FAULTS: readonly (readonly [label: string, bytes: Buffer, closeCode: number, code: string])[] = [
  ['a frame without a mask', encodeFrame({ opcode: OPCODE.text, payload: SECRET }), 1002, 'protocol_error'],
  ['a compressed frame (RSV1)', withFirstByte(text(SECRET), 0xc1), 1002, 'protocol_error'],
  ['an unknown opcode', text(SECRET, { opcode: 3 }), 1002, 'protocol_error'],
  ['a continuation of nothing', text(SECRET, { opcode: OPCODE.continuation }), 1002, 'protocol_error'],
  ['a Ping in fragments', text(SECRET, { opcode: OPCODE.ping, fin: false }), 1002, 'protocol_error'],
  [
    'a length that is not the shortest',
    Buffer.concat([Buffer.from([0x81, 0xfe, 0, 2]), MASK, Buffer.from('{}')]),
    1002,
    'protocol_error',
  ],
  [
    'two messages in one another',
    Buffer.concat([text(SECRET, { fin: false }), text(SECRET)]),
    1002,
    'protocol_error',
  ],
  ['text that is not UTF-8', text(Buffer.from([0x7b, 0xff, 0x7d])), 1007, 'invalid_utf8'],
  ['JSON that is none', text(`{"type":"response.create",${SECRET}`), 1008, 'malformed_json'],
  [
    'a message that announces too many bytes',
    Buffer.concat([Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0]), MASK, Buffer.from(SECRET)]),
    1009,
    'message_too_large',
  ],
  [
    'too many fragments, empty ones',
    Buffer.concat([
      text(SECRET, { fin: false }),
      ...Array.from({ length: MAX_FRAGMENTS }, () => text('', { fin: false, opcode: OPCODE.continuation })),
    ]),
    1009,
    'message_too_large',
  ],
];

describe('the frames of a client', () => {
  const stack = useSocketStack({
    policy: BLOCK_PRIORITY,
    config: {
      limits: { message: MAX_MESSAGE, fragments: MAX_FRAGMENTS, drain_grace: '10ms', drain: '5s' },
    },
  });
  let envoy: RunningEnvoy;

  beforeAll(async () => {
    envoy = await stack().envoy();
  });

  it.each(FAULTS)('%s: nothing of it reaches the provider', async (name, bytes, closeCode, code) => {
    const socket = await openRaw(portOf(envoy), { headers: { 'x-case': name } });
    await socket.text(CLEAN);
    await socket.received(1);
    await socket.write(bytes);
    await socket.write(text(`{"type":"response.cancel","note":"${SECRET}"}`));
    expect((await socket.closed()).code).toBe(closeCode);
    expectErrorEvent(socket.messages().at(-1)?.payload.toString() ?? '', code);
    const seen = await stack().provider.socket(name);
    expectUpstream(seen, [CLEAN]);
    expectNothingOf(SECRET, seen);
    socket.destroy();
  });

  it('in fragments of 1 MiB pass byte for byte, 9 MiB long', async () => {
    const socket = await openRaw(portOf(envoy), { headers: { 'x-case': 'large' } });
    const body = Buffer.from(JSON.stringify({ type: 'response.create', input: 'z'.repeat(9 * MIB) }));
    for (let at = 0; at < body.length; at += MIB) {
      const opcode = at === 0 ? OPCODE.text : OPCODE.continuation;
      await socket.frame({ fin: at + MIB >= body.length, opcode, payload: body.subarray(at, at + MIB) });
    }
    await socket.received(1);
    const seen = await stack().provider.socket('large');
    expect(seen.bytes.equals(socket.sent)).toBe(true);
    expect(socket.messages()[0]?.payload.equals(body)).toBe(true);
    socket.destroy();
  });

  it('are judged in binary messages too', async () => {
    const socket = await openRaw(portOf(envoy), { headers: { 'x-case': 'binary' } });
    await socket.frame({ opcode: OPCODE.binary, payload: badMessage('secret-binary') });
    expect((await socket.closed()).code).toBe(1008);
    expectErrorEvent(socket.messages().at(-1)?.payload.toString() ?? '');
    expectNothingOf('secret-binary', await stack().provider.socket('binary'));
    socket.destroy();
  });

  it('end where its side of TCP ends', async () => {
    const client = openWs(portOf(envoy), { headers: { 'x-case': 'half-closed' } });
    await opened(client);
    const closed = once(client, 'close');
    client.terminate();
    await closed;
    await stack().provider.ended(await stack().provider.socket('half-closed'));
  });

  it('may not follow a handshake that is refused', async () => {
    const socket = connect({ port: portOf(envoy), host: '127.0.0.1' });
    const head =
      'POST /v1/responses HTTP/1.1\r\nhost: gateway.test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n';
    socket.write(Buffer.concat([Buffer.from(`${head}content-length: 0\r\n\r\n`), text(CLEAN)]));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 4\d\d /);
    socket.destroy();
  });

  it('give Envoy no reason to complain', async () => {
    await expectHealthyExtProc(envoy);
  });
});

describe('the end of Tiergate', () => {
  const stack = useSocketStack({ policy: BLOCK_PRIORITY });

  it('in order: sockets are closed with 1012 where the provider speaks', async () => {
    const envoy = await stack().envoy();
    const socket = await openRaw(portOf(envoy), {
      headers: { 'x-case': 'drained', [BEHAVIOUR_HEADER]: 'deltas' },
    });
    await socket.text(CLEAN);
    await socket.anyByte();
    stack().tiergate.process.signal('SIGTERM');
    expect((await socket.closed()).code).toBe(1012);
    await stack().tiergate.process.ended;
    await expectHealthyExtProc(envoy);
    expectUpstream(await stack().provider.socket('drained'), [CLEAN]);
    socket.destroy();
  });
});

describe('the death of Tiergate', () => {
  const stack = useSocketStack({ policy: BLOCK_PRIORITY });

  it('cuts its sockets, and nothing passes unseen', async () => {
    const envoy = await stack().envoy();
    const socket = await openRaw(portOf(envoy), { headers: { 'x-case': 'killed' } });
    await socket.text(CLEAN);
    await socket.received(1);
    stack().tiergate.process.signal('SIGKILL');
    await socket.text(badMessage('secret-after-death'));
    expect((await socket.closed()).code).toBe(1006);
    const seen = await stack().provider.socket('killed');
    await stack().provider.ended(seen);
    expectUpstream(seen, [CLEAN]);
    expectNothingOf('secret-after-death', seen);
    await expect(openRaw(portOf(envoy), { headers: { 'x-case': 'late' } })).rejects.toThrow(
      'answered with 503',
    );
    expect(stack().provider.contacts('late')).toBe(0);
  });
});

import type { ClientItem, ClientReader } from '../../src/websocket/client-reader.ts';

/** Opcodes by name, written down here once more, so that a slip in the source is seen. */
export const CODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  readonly fin?: boolean;
  readonly rsv?: number;
  /** Four bytes; none makes the frame one of a server. */
  readonly mask?: readonly number[] | undefined;
  /** Bytes of the extended length; the shortest form where it is left out. */
  readonly lengthBytes?: 0 | 2 | 8;
  /** Announced instead of the real length; needs `lengthBytes`. */
  readonly announced?: bigint;
}

/** Builds a frame byte by byte, in any state of repair. */
export function frame(options: FrameOptions): Buffer {
  const { opcode, fin = true, rsv = 0, mask } = options;
  const payload = Buffer.from(options.payload ?? '');
  const lengthBytes = options.lengthBytes ?? (payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8);
  const announced = options.announced ?? BigInt(payload.length);
  const short = lengthBytes === 0 ? Number(announced) : lengthBytes === 2 ? 126 : 127;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode, (mask === undefined ? 0 : 0x80) | short];
  for (let index = lengthBytes - 1; index >= 0; index--) {
    head.push(Number((announced >> BigInt(8 * index)) & 0xffn));
  }
  if (mask !== undefined) head.push(...mask);
  return Buffer.concat([Buffer.from(head), mask === undefined ? payload : masked(payload, mask)]);
}

/** A frame as a client sends it. */
export function client(opcode: number, payload: Uint8Array | string = '', fin = true): Buffer {
  return frame({ opcode, payload, fin, mask: [0x37, 0xfa, 0x21, 0x3d] });
}

/** A frame as a server sends it. */
export function server(opcode: number, payload: Uint8Array | string = '', fin = true): Buffer {
  return frame({ opcode, payload, fin });
}

/** The payload of a Close. */
export function closing(code: number, reason: Uint8Array | string = ''): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

function masked(payload: Uint8Array, mask: readonly number[]): Buffer {
  return Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
}

/** Cuts the bytes into copies at places that may repeat and lie anywhere. */
export function cut(bytes: Uint8Array, places: readonly number[]): Buffer[] {
  const edges = [...new Set([0, ...places.map((place) => place % (bytes.length + 1)), bytes.length])];
  edges.sort((a, b) => a - b);
  return edges.slice(1).map((end, index) => Buffer.from(bytes.subarray(edges[index], end)));
}

/** Every byte alone. */
export function singly(bytes: Uint8Array): Buffer[] {
  return cut(bytes, [...bytes.keys()]);
}

/** All that a reader gives for the chunks. */
export function pushAll(reader: ClientReader, chunks: readonly Uint8Array[]): ClientItem[] {
  return chunks.flatMap((chunk) => [...reader.push(chunk)]);
}

/** A short form for comparisons: payloads and frames as text that prints well. */
export function brief(items: readonly ClientItem[]): string[] {
  return items.map((item) => {
    if (item.kind === 'message') return `${item.opcode} ${item.payload.toString('latin1')}`;
    if (item.kind === 'control') return `control ${Buffer.from(item.frame).toString('hex')}`;
    return item.kind === 'close' ? `close ${item.code}` : `fault ${item.code}: ${item.reason}`;
  });
}

/** The bytes that go on. */
export function forwarded(items: readonly ClientItem[]): Buffer {
  return Buffer.concat(
    items.flatMap((item) =>
      item.kind === 'message' ? [...item.frames] : item.kind === 'fault' ? [] : [item.frame],
    ),
  );
}

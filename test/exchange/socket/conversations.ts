import fc from 'fast-check';
import type { BodyMode } from '../../../src/exchange/events.ts';
import { turn } from './dialogue.ts';
import { frame, OPCODES, type ReadFrame, serverFrame } from './frames.ts';

export const MODE = fc.constantFrom<BodyMode>('STREAMED', 'FULL_DUPLEX_STREAMED');
const MASKS = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
const TEXT = fc.string({ unit: 'binary', maxLength: 40 });

/** The text of one message of a client; all that the policy can do to it, but no block. */
const ACCEPTED = fc.oneof(
  fc
    .record(
      {
        service_tier: fc.constantFrom('priority', 'flex', 'default', 'fast', 'turbo', null),
        model: fc.constantFrom('gpt-5', 'gpt-allowed-1', '', 'other'),
        stream_id: fc.constantFrom('a', 'b'),
        input: TEXT.map((text) => text.toWellFormed()),
      },
      { requiredKeys: [] },
    )
    .map(turn),
  fc
    .constantFrom('gpt-5', 'gpt-allowed-1')
    .map((model) => JSON.stringify({ type: 'session.update', session: { model } })),
  fc.constantFrom('', '{}', '{"type":"response.cancel","service_tier":"ultrafast"}'),
);
const BLOCKED = fc
  .record({
    service_tier: fc.constant('ultrafast'),
    model: fc.constantFrom('gpt-5', 'gpt-6'),
    stream_id: fc.constantFrom('a', 'b'),
  })
  .map(turn);

/** The text of one message of a client. */
export const MESSAGE = fc.oneof({ weight: 6, arbitrary: ACCEPTED }, { weight: 1, arbitrary: BLOCKED });

/** How the frames of a message are cut and what stands between them. */
export const SHAPE = fc.record({
  opcode: fc.constantFrom<number>(OPCODES.text, OPCODES.binary),
  places: fc.array(fc.nat(10_000), { maxLength: 3 }),
  controls: fc.array(
    fc.record({
      behind: fc.nat(4),
      opcode: fc.constantFrom<number>(OPCODES.ping, OPCODES.pong),
      payload: TEXT,
    }),
    { maxLength: 3 },
  ),
  masks: fc.array(MASKS, { minLength: 1, maxLength: 3 }),
});
export type Shape = typeof SHAPE extends fc.Arbitrary<infer Value> ? Value : never;

/** One frame on the wire. */
export interface WireFrame {
  readonly control: boolean;
  readonly bytes: Buffer;
}

/** The frames of one message of a client, or (`side` server) of a provider. */
export function framesOf(message: string | Uint8Array, shape: Shape, side: 'client' | 'server'): WireFrame[] {
  const payload = Buffer.from(message);
  const edges = shape.places.map((place) => place % (payload.length + 1)).sort((a, b) => a - b);
  const parts = [0, ...edges].map((start, index) => payload.subarray(start, edges[index] ?? payload.length));
  let made = 0;
  const wire = (bytes: string | Uint8Array, opcode: number, fin: boolean) => {
    const mask = shape.masks[made++ % shape.masks.length];
    return side === 'server' ? serverFrame(bytes, { opcode, fin }) : frame(bytes, { opcode, fin, mask });
  };
  return parts.flatMap((part, index) => [
    ...shape.controls
      .filter(({ behind }) => behind === index)
      .map((control) => ({
        control: true,
        bytes: wire(Buffer.from(control.payload).subarray(0, 120), control.opcode, true),
      })),
    {
      control: false,
      bytes: wire(part, index === 0 ? shape.opcode : OPCODES.continuation, index === parts.length - 1),
    },
  ]);
}

/** Sizes of chunks, used over and over. */
export const CUTS = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 }),
  fc.constantFrom([1], [2], [10_000]),
);

/** Bytes in chunks of the given sizes. */
export function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = sizes[chunks.length % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

/** A whole message as somebody reads it. */
export interface ReadMessage {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** Joins fragments; control frames stand where their message has not ended yet. */
export function messagesOf(frames: readonly ReadFrame[]): ReadMessage[] {
  const messages: ReadMessage[] = [];
  let open: { opcode: number; parts: Buffer[] } | undefined;
  for (const { opcode, payload, fin } of frames) {
    if (opcode >= OPCODES.close) {
      messages.push({ opcode, payload });
      continue;
    }
    if ((opcode === OPCODES.continuation) !== (open !== undefined)) throw new Error('fragments out of order');
    open ??= { opcode, parts: [] };
    open.parts.push(payload);
    if (!fin) continue;
    messages.push({ opcode: open.opcode, payload: Buffer.concat(open.parts) });
    open = undefined;
  }
  if (open !== undefined) throw new Error('a message without its end');
  return messages;
}

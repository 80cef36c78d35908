import * as fc from 'fast-check';
import { CODES, closing, frame } from './support.ts';

/** One frame of a stream, and what it means. */
export interface StreamFrame {
  readonly bytes: Buffer;
  readonly opcode: number;
  readonly fin: boolean;
  readonly payload: Buffer;
}

const MASKS = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));

/** Lengths around every form of a length and around the words of memory; long ones are seldom. */
const LENGTHS = fc.oneof(
  { weight: 12, arbitrary: fc.nat(20) },
  { weight: 2, arbitrary: fc.integer({ min: 40, max: 140 }) },
  { weight: 1, arbitrary: fc.constantFrom(125, 126, 127, 1023, 1024, 2000) },
);
const TEXTS = fc
  .tuple(
    fc.array(
      fc.constantFrom('a', '\u00fc', '\u20ac', '\u{1f600}', '\ud7ff', '\ue000', '\u0800', '\u{10000}'),
      { minLength: 1, maxLength: 6 },
    ),
    LENGTHS,
  )
  .map(([letters, length]) =>
    Buffer.from(
      letters
        .join('')
        .repeat(Math.ceil(length / letters.length))
        .slice(0, length)
        .toWellFormed(),
    ),
  );
const BINARIES = fc
  .tuple(fc.nat(255), LENGTHS)
  .map(([first, length]) => Buffer.from(Array.from({ length }, (_, at) => (first + at) & 0xff)));
const CONTROLS = fc.tuple(
  fc.constantFrom(CODES.ping, CODES.pong),
  fc.uint8Array({ maxLength: 125, size: 'small' }),
);

interface Piece {
  readonly opcode: number;
  readonly fin: boolean;
  readonly payload: Buffer;
}

/** A message in fragments cut anywhere, with control frames before each fragment. */
const MESSAGES: fc.Arbitrary<Piece[]> = fc
  .tuple(
    fc.oneof(
      TEXTS.map((payload) => ({ opcode: CODES.text as number, payload })),
      BINARIES.map((payload) => ({ opcode: CODES.binary as number, payload })),
    ),
    fc.array(fc.nat(5000), { maxLength: 5 }),
    fc.array(fc.tuple(fc.nat(5), CONTROLS), { maxLength: 4 }),
  )
  .map(([{ opcode, payload }, places, controls]) => {
    const edges = [
      0,
      ...places.map((place) => place % (payload.length + 1)).sort((a, b) => a - b),
      payload.length,
    ];
    return edges.slice(1).flatMap((end, index) => {
      const between = controls
        .filter(([at]) => at === index)
        .map(([, [code, bytes]]) => piece(code, bytes, true));
      const code = index === 0 ? opcode : CODES.continuation;
      return [...between, piece(code, payload.subarray(edges[index], end), index === edges.length - 2)];
    });
  });

function piece(opcode: number, payload: Uint8Array, fin: boolean): Piece {
  return { opcode, payload: Buffer.from(payload), fin };
}

const CLOSES = fc
  .tuple(fc.constantFrom(1000, 1001, 1008, 1011, 3000, 4999), TEXTS)
  .map(([code, reason]) => piece(CODES.close, closing(code, reason.length > 100 ? '' : reason), true));

/** Frames of valid messages, of one side, with or without a Close behind them. */
export function validFrames(side: 'client' | 'server'): fc.Arbitrary<StreamFrame[]> {
  return fc
    .tuple(
      fc.array(MESSAGES, { minLength: 1, maxLength: 4 }),
      fc.array(CONTROLS, { maxLength: 2 }),
      fc.option(CLOSES, { nil: undefined }),
      fc.array(MASKS, { minLength: 1, maxLength: 5 }),
    )
    .map(([messages, controls, close, masks]) => {
      const pieces = messages.flat();
      for (const [code, payload] of controls) pieces.push(piece(code, payload, true));
      if (close !== undefined) pieces.push(close);
      return pieces.map((one, index) => {
        const mask = side === 'client' ? masks[index % masks.length] : undefined;
        return { ...one, bytes: frame({ ...one, mask }) };
      });
    });
}

/** Frames any of which can be broken in the ways that a head or a Close can be. */
function brokenFrame(side: 'client' | 'server'): fc.Arbitrary<Buffer> {
  return fc
    .record({
      opcode: fc.oneof(fc.constantFrom(0, 1, 2, 8, 9, 10), fc.nat(15)),
      fin: fc.boolean(),
      rsv: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(7) }),
      payload: fc.oneof(
        TEXTS,
        fc.uint8Array({ maxLength: 130 }),
        fc.tuple(fc.integer({ min: 990, max: 5010 }), TEXTS).map(([code, reason]) => closing(code, reason)),
      ),
      mask: fc.oneof(
        { weight: 9, arbitrary: fc.constant(side) },
        { weight: 1, arbitrary: fc.constantFrom('client', 'server') },
      ),
      key: MASKS,
    })
    .map(({ mask, key, ...rest }) => frame({ ...rest, mask: mask === 'client' ? key : undefined }));
}

/** Bytes that begin well and then may be damaged: by broken frames, or bytes changed, cut out or put in. */
export function damagedBytes(side: 'client' | 'server'): fc.Arbitrary<Buffer> {
  const frames = fc
    .tuple(validFrames(side), fc.array(fc.tuple(fc.nat(20), brokenFrame(side)), { maxLength: 3 }))
    .map(([good, broken]) => {
      const all = good.map(({ bytes }) => bytes);
      for (const [at, bytes] of broken) all.splice(at % (all.length + 1), 0, bytes);
      return Buffer.concat(all);
    });
  const damages = fc.array(
    fc.tuple(fc.nat(10_000), fc.constantFrom('change', 'cut', 'put', 'end'), fc.nat(255)),
    {
      maxLength: 2,
    },
  );
  return fc.tuple(frames, damages).map(([bytes, list]) =>
    list.reduce((result, [place, kind, value]) => {
      const at = place % (result.length + 1);
      const before = result.subarray(0, at);
      if (kind === 'end') return before;
      const after = result.subarray(kind === 'put' ? at : at + 1);
      return Buffer.concat([before, Buffer.from(kind === 'cut' ? [] : [value]), after]);
    }, bytes),
  );
}

/** Places to cut: few, or at every byte. */
export const CUTS = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.nat(20_000), { maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constant(Array.from({ length: 3000 }, (_, at) => at)) },
);

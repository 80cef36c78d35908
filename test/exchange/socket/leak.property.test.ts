import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SocketBench } from './bench.ts';
import { CUTS, cut, framesOf, MODE, SHAPE } from './conversations.ts';
import { limitsWith, socketsWith, turn } from './dialogue.ts';
import { closeFrame, frame, OPCODES, readFrames, serverFrame } from './frames.ts';

/** A word that stands in no other place. */
const MARKER = fc.string({ unit: fc.constantFrom(...'qxzjk'), minLength: 8, maxLength: 16 });

/** Messages that may not go on, with a marker in them. */
const FORBIDDEN: Readonly<Record<string, (marker: string) => string | Uint8Array>> = {
  'a block': (marker) => turn({ service_tier: 'ultrafast', input: marker }),
  'no JSON': (marker) => `{"type":"response.create","input":"${marker}`,
  'a member twice': (marker) => `{"type":"a","type":"response.create","input":"${marker}"}`,
  'too large': (marker) => turn({ input: marker.repeat(200) }),
};

/** All payloads that reached the provider: of each frame, and of fragments together. */
function unmasked(upstream: Buffer): string {
  const frames = readFrames(upstream);
  const data = frames.filter(({ opcode }) => opcode < OPCODES.close);
  return [
    ...frames.map(({ payload }) => payload.toString('latin1')),
    Buffer.concat(data.map(({ payload }) => payload)).toString('latin1'),
  ].join('\n');
}

/** What the provider does between two chunks of the client. */
const PROVIDER = fc.array(
  fc.constantFrom('nothing', 'frame', 'half', 'fragment', 'empty', 'close', 'timer', 'operator'),
  { maxLength: 8 },
);

function act(bench: SocketBench, deed: string | undefined): void {
  const hello = serverFrame('hello');
  if (deed === 'frame') bench.providerSends(hello);
  else if (deed === 'half') bench.providerSends(hello.subarray(0, 3));
  else if (deed === 'fragment') bench.providerSends(serverFrame('h', { fin: false }));
  else if (deed === 'empty') bench.providerSends(Buffer.alloc(0));
  else if (deed === 'close') bench.providerSends(closeFrame(1000, '', { mask: undefined }));
  else if (deed === 'timer' && bench.timer !== undefined) bench.timeOut();
  else if (deed === 'operator') bench.event({ kind: 'close', cause: 'operator' });
}

test.each(Object.keys(FORBIDDEN))(
  '%s never leaks a byte of its payload, nor does what follows it',
  (kind) => {
    const message = FORBIDDEN[kind] ?? (() => '');
    fc.assert(
      fc.property(
        MARKER,
        fc.array(SHAPE, { minLength: 3, maxLength: 3 }),
        CUTS,
        MODE,
        MODE,
        PROVIDER,
        fc.constantFrom('close' as const, 'reject_turn' as const),
        (marker, shapes, cuts, request, response, deeds, onBlock) => {
          const environment = socketsWith({ onBlock }, limitsWith({ message: 1_000 }));
          const bench = new SocketBench({ environment, request, response });
          const [before, forbidden, behind] = shapes.map((shape, index) =>
            framesOf(
              [turn({ input: 'before' }), message(marker), turn({ input: 'behind' })][index] ?? '',
              shape,
              'client',
            ),
          );
          const bytes = [
            before,
            forbidden,
            behind,
            [{ bytes: closeFrame(1000) }, { bytes: frame(turn({ input: marker })) }],
          ]
            .flatMap((frames) => frames ?? [])
            .map((one) => one.bytes);
          cut(Buffer.concat(bytes), cuts).forEach((chunk, index) => {
            bench.clientSends(chunk);
            act(bench, deeds[index % (deeds.length + 3)]);
          });
          const upstream = unmasked(bench.upstream);
          for (let at = 0; at + 4 <= marker.length; at++)
            expect(upstream).not.toContain(marker.slice(at, at + 4));
          const ends = onBlock === 'close' || kind === 'too large';
          if (ends) expect(upstream).not.toContain('behind');
          if (!deeds.includes('operator') && !deeds.includes('timer')) expect(upstream).toContain('before');
          bench.end();
          expect(environment.held.held).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  },
);

test('no bytes of a client make the socket throw, or send the provider anything but whole masked frames', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(fc.string({ maxLength: 200 }), fc.nat(15), fc.boolean(), fc.constantFrom(0, 0, 0, 4))
        .map(([text, opcode, fin, rsv]) => frame(text, { opcode, fin, rsv })),
      SHAPE.map((shape) =>
        Buffer.concat(framesOf(turn({ service_tier: 'flex' }), shape, 'client').map(({ bytes }) => bytes)),
      ),
    ),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(pieces, CUTS, MODE, MODE, PROVIDER, (parts, cuts, request, response, deeds) => {
      const bench = new SocketBench({ request, response });
      cut(Buffer.concat(parts), cuts).forEach((chunk, index) => {
        bench.clientSends(chunk);
        act(bench, deeds[index % (deeds.length + 3)]);
      });
      for (const { masked, opcode } of readFrames(bench.upstream)) {
        expect(masked && opcode <= OPCODES.pong).toBe(true);
      }
      bench.end();
      expect(bench.environment.held.held).toBe(0);
    }),
    { numRuns: 300 },
  );
});

import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { expectHealthyExtProc, expectRefusal } from './support/expect.ts';
import { send } from './support/send.ts';
import { useStack } from './support/stack.ts';

const BODY = '{"model":"gpt-5.5","service_tier":"priority","input":"hi"}';
const LARGE = `{"model":"gpt-5.5","service_tier":"priority","input":"${noise(200_000)}"}`;

/** Text that hardly compresses, so that its encoded form is decoded on a thread. */
function noise(length: number): string {
  let text = '';
  let state = 1;
  while (text.length < length) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += state.toString(36);
  }
  return text;
}

const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const CODINGS: readonly (readonly [string, string, (text: string) => Buffer])[] = [
  ['gzip', 'gzip', gzipSync],
  ['deflate', 'deflate', deflateSync],
  ['br', 'br', brotliCompressSync],
  ['zstd', 'zstd', zstdCompressSync],
  ['zstd with a checksum', 'zstd', (text) => zstdCompressSync(text, checksum)],
];

// A decoder that took a cut body for a whole one would judge what came of it, which can be the empty body, and those pass.
// What Node's decoders take differs from version to version, so this also runs on every Node that is supported.
describe.each(['BUFFERED', 'FULL_DUPLEX_STREAMED'] as const)(
  'encoded bodies that are not whole, %s',
  (mode) => {
    const stack = useStack({ mode });

    describe.each(CODINGS)('%s', (_name, coding, encode) => {
      it.each([
        ['small', BODY],
        ['large', LARGE],
      ])(
        'are refused and reach nobody, wherever they are cut, and so are bytes behind them (%s)',
        async (_size, text) => {
          const { port, provider } = stack();
          const whole = encode(text);
          const broken = [
            whole.subarray(0, whole.length - 1),
            whole.subarray(0, whole.length >> 1),
            whole.subarray(0, 1),
            Buffer.concat([whole, Buffer.from('{}')]),
          ];
          for (const body of broken) {
            const sent = await send(port, { headers: { 'content-encoding': coding }, body });
            expectRefusal(sent, 400, 'corrupt_encoding');
            expect(provider.contacts(sent.name)).toBe(0);
          }
        },
      );
    });

    it('are whole where they are several frames of zstd, on every Node, and are judged together', async () => {
      const { port, provider } = stack();
      const body = Buffer.concat([BODY.slice(0, 25), BODY.slice(25)].map((part) => zstdCompressSync(part)));
      const sent = await send(port, { headers: { 'content-encoding': 'zstd' }, body });
      expect([sent.status, sent.body.toString()]).toEqual([200, expect.not.stringContaining('error')]);
      expect((await provider.request(sent.name)).body.toString()).toBe('{"model":"gpt-5.5","input":"hi"}');
    });

    it('leave Envoy without a complaint', async () => {
      await expectHealthyExtProc(stack().envoy);
    });
  },
);

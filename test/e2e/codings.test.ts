import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { expectHealthyExtProc, expectRefusal } from './support/expect.ts';
import { header } from './support/provider.ts';
import { send } from './support/send.ts';
import { useStack } from './support/stack.ts';

const FILTERED = Buffer.from('{"model":"gpt-5.5","service_tier":"priority","input":"hi"}');
const FILTERED_UPSTREAM = '{"model":"gpt-5.5","input":"hi"}';
const PASSED = Buffer.from('{"model":"gpt-5.5","service_tier":"flex","input":"hi"}');

const CODINGS: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
  ['gzip, zstd', (bytes) => zstdCompressSync(gzipSync(bytes))],
];

describe.each(['BUFFERED', 'FULL_DUPLEX_STREAMED', 'STREAMED'] as const)('encoded bodies, %s', (mode) => {
  const stack = useStack({ mode });

  describe.each(CODINGS)('%s', (coding, encode) => {
    it('an edited body goes on decoded, without content-encoding', async () => {
      const { port, provider } = stack();
      const sent = await send(port, { headers: { 'content-encoding': coding }, body: encode(FILTERED) });
      expect(sent.status).toBe(200);
      const seen = await provider.request(sent.name);
      expect(seen.body.toString()).toBe(FILTERED_UPSTREAM);
      expect(header(seen, 'content-encoding')).toBeUndefined();
    });

    it('an unchanged body keeps its meaning, and in the modes that can, every byte', async () => {
      const { port, provider } = stack();
      const body = encode(PASSED);
      const sent = await send(port, { headers: { 'content-encoding': coding }, body });
      expect(sent.status).toBe(200);
      const seen = await provider.request(sent.name);
      // STREAMED has to answer the headers before it knows the verdict: governed bodies go on decoded.
      expect(seen.body.equals(mode === 'STREAMED' ? PASSED : body)).toBe(true);
      expect(header(seen, 'content-encoding')).toBe(mode === 'STREAMED' ? undefined : coding);
    });
  });

  it('refuses a coding that it does not know with 415, and bytes that do not fit with 400', async () => {
    const { port } = stack();
    const unknown = await send(port, { headers: { 'content-encoding': 'lzma' }, body: FILTERED });
    expectRefusal(unknown, 415, 'unsupported_encoding');
    const corrupt = await send(port, { headers: { 'content-encoding': 'gzip' }, body: FILTERED });
    expectRefusal(corrupt, 400, 'corrupt_encoding');
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const)('refuses a decompression bomb in %s, and goes on', async (coding, encode) => {
    const { port } = stack();
    const bomb = encode(Buffer.alloc(80 * 1024 * 1024, ' '));
    const sent = await send(port, { headers: { 'content-encoding': coding }, body: bomb });
    expectRefusal(sent, 413, 'body_too_large');
    expect((await send(port, { body: PASSED })).status).toBe(200);
  });

  it('leaves Envoy without a complaint', async () => {
    await expectHealthyExtProc(stack().envoy);
  });
});

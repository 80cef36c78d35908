import { describe, expect, it } from 'vitest';
import { ENVOY_VERSIONS } from '../../tools/envoy/versions.ts';
import type { Answer } from './support/answer.ts';
import { expectTooLarge } from './support/expect.ts';
import { chunk, Http1Client, head, lastChunk } from './support/http1-client.ts';
import { Http2Client } from './support/http2-client.ts';
import { header } from './support/provider.ts';
import { caseName } from './support/send.ts';
import { type Stack, useStack } from './support/stack.ts';

/** `limits.body`, of Tiergate and of the shipped envoy.yaml. */
const LIMIT = 64 * 1024 * 1024;
const START = Buffer.from('{"model":"gpt-5.5","service_tier":"flex","input":"');
const PATH = '/v1/responses';

/** A JSON body of exactly this many bytes. */
function bodyOf(size: number): Buffer {
  const body = Buffer.alloc(size, 'a');
  START.copy(body);
  body.write('"}', size - 2);
  return body;
}

const exact = bodyOf(LIMIT);
const over = bodyOf(LIMIT + 1);
/** The client still has much to send when the answer comes. */
const farOver = bodyOf(LIMIT + 32 * 1024 * 1024);

async function http1(port: number, name: string, body: Buffer, expectContinue = false): Promise<Answer> {
  const client = await Http1Client.connect(port);
  try {
    const headers = { 'content-length': String(body.length), 'x-case': name };
    await client.write(head('POST', PATH, expectContinue ? { ...headers, expect: '100-continue' } : headers));
    if (expectContinue) expect((await client.read()).status).toBe(100);
    const writing = client.write(body);
    const answer = await client.read();
    if (answer.status === 200) await writing;
    return answer;
  } finally {
    client.close();
  }
}

async function http1Chunked(port: number, name: string, body: Buffer): Promise<Answer> {
  const client = await Http1Client.connect(port);
  try {
    await client.write(head('POST', PATH, { 'transfer-encoding': 'chunked', 'x-case': name }));
    const half = body.length >> 1;
    const writing = client.write(
      Buffer.concat([chunk(body.subarray(0, half)), chunk(body.subarray(half)), Buffer.from(lastChunk())]),
    );
    const answer = await client.read();
    if (answer.status === 200) await writing;
    return answer;
  } finally {
    client.close();
  }
}

async function http2(port: number, name: string, body: Buffer): Promise<Answer> {
  const client = await Http2Client.connect(port);
  try {
    return await client.send({ path: PATH, headers: { 'x-case': name }, body });
  } finally {
    client.close();
  }
}

const CLIENTS = [
  ['HTTP/1.1 with content-length', http1],
  ['HTTP/1.1 chunked', http1Chunked],
  ['HTTP/2', http2],
] as const;

describe.each(ENVOY_VERSIONS)('limits.body in BUFFERED mode, Envoy %s', (version) => {
  const stack = useStack({ version });

  describe.each(CLIENTS)('%s', (_label, request) => {
    it('lets exactly the limit pass, whole', async () => {
      await expectWhole(stack(), request);
    });

    it('answers one byte more with a 413 in JSON, and nothing reaches the provider', async () => {
      const name = caseName();
      expectTooLarge(await request(stack().port, name, over));
      expect(stack().provider.contacts(name)).toBe(0);
    });
  });
});

describe('far more than limits.body', () => {
  const stack = useStack();

  it.each(CLIENTS)('is a 413 for %s', async (_label, request) => {
    const name = caseName();
    expectTooLarge(await request(stack().port, name, farOver));
    expect(stack().provider.contacts(name)).toBe(0);
  });

  it('is a 413 where the client has waited for 100 (continue)', async () => {
    const name = caseName();
    expectTooLarge(await http1(stack().port, name, over, true));
    expect(stack().provider.contacts(name)).toBe(0);
  });
});

describe.each(['FULL_DUPLEX_STREAMED', 'STREAMED'] as const)('limits.body in %s mode', (mode) => {
  const stack = useStack({ mode });

  it.each(CLIENTS)('is held by Tiergate for %s', async (_label, request) => {
    await expectWhole(stack(), request);
    const name = caseName();
    expectTooLarge(await request(stack().port, name, over));
    const arrived = stack().provider.seen.filter((seen) => header(seen, 'x-case') === name);
    // In STREAMED the headers may have gone ahead, the body never.
    if (mode === 'STREAMED') expect(arrived.filter(({ body }) => body.length > 0)).toEqual([]);
    else expect(arrived).toEqual([]);
  });
});

/** A body of exactly the limit arrives whole. */
async function expectWhole(stack: Stack, request: (typeof CLIENTS)[number][1]): Promise<void> {
  const name = caseName();
  expect((await request(stack.port, name, exact)).status).toBe(200);
  const seen = await stack.provider.request(name);
  expect(seen.body.length).toBe(LIMIT);
  expect(seen.body.equals(exact)).toBe(true);
  seen.body = Buffer.alloc(0);
}

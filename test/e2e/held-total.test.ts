import { connect } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { makeMemoryGroup } from './support/memory-group.ts';
import { send } from './support/send.ts';
import { type Stack, startStack } from './support/stack.ts';

const MiB = 1024 * 1024;
const PATIENCE_MS = 50_000;

/** One body for all requests, so that the client needs little memory. Its tier is filtered, so it is edited. */
function bodyOf(size: number): Buffer {
  const body = Buffer.alloc(size, 'a');
  body.write('{"model":"gpt-5.5","service_tier":"priority","input":"');
  body.write('"}', size - 2);
  return body;
}

type Framing = 'content-length' | 'chunked';

/** Sends a request, and reads its answer as soon as there is one. @returns for example `503 overloaded retry-after` */
function upload(port: number, body: Buffer, framing: Framing): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const patience = setTimeout(() => socket.destroy(), PATIENCE_MS);
    let received = '';
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      if (received.includes('}')) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(patience);
      const code = /"code":"(\w+)"/.exec(received)?.[1];
      const retry = /^retry-after:/im.exec(received) === null ? '' : ' retry-after';
      resolve(`${received.slice(9, 12)}${code === undefined ? '' : ` ${code}`}${retry}`);
    });
    const length =
      framing === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${String(body.length)}`;
    socket.write(`POST /v1/responses HTTP/1.1\r\nhost: gateway.test\r\n${length}\r\n\r\n`);
    if (framing === 'chunked') socket.write(`${body.length.toString(16)}\r\n`);
    socket.write(body);
    if (framing === 'chunked') socket.write('\r\n0\r\n\r\n');
  });
}

function count(answers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}

const memory = 768 * MiB;
const group = makeMemoryGroup('held-total', memory);

// Killed by the kernel is what must not happen, so the limit has to be a real one.
describe.skipIf(group === undefined)('200 × 32 MiB at once where control groups can be made', () => {
  let stack: Stack | undefined;
  afterAll(async () => {
    await stack?.stop();
    group?.remove();
  });

  it.each<Framing>(['content-length', 'chunked'])(
    'are served or get 503 within the memory of a container, %s',
    async (framing) => {
      stack ??= await startStack({
        // Envoy holds nothing in this mode, so the machine needs no 6 GiB for the test.
        mode: 'FULL_DUPLEX_STREAMED',
        tiergate: { controlGroup: group?.folder ?? '' },
        provider: { inspect: () => {} },
      });
      const { port, tiergate } = stack;
      const body = bodyOf(32 * MiB);
      const answers = await Promise.all(Array.from({ length: 200 }, () => upload(port, body, framing)));
      const { '200': served = 0, '503 overloaded retry-after': refused = 0, ...others } = count(answers);
      expect(others).toEqual({});
      expect(served + refused).toBe(200);
      expect(served).toBeGreaterThan(0);
      expect(tiergate.process.running).toBe(true);
      expect(group?.peak()).toBeLessThan(memory);
      expect((await send(port, { body: '{"model":"gpt-5.5"}' })).status).toBe(200);
    },
  );
});

describe.each(['BUFFERED', 'FULL_DUPLEX_STREAMED'] as const)('limits.held_total of 64 MiB, %s', (mode) => {
  let stack: Stack | undefined;
  afterAll(() => stack?.stop());
  const start = async (): Promise<Stack> =>
    (stack ??= await startStack({
      mode,
      tiergate: { config: { limits: { held_total: '64MiB', drain_grace: '10ms', drain: '5s' } } },
      provider: { inspect: () => {} },
    }));

  it.each<Framing>(['content-length', 'chunked'])(
    'serves about as many bodies at once as fit, %s',
    async (framing) => {
      const { port } = await start();
      const body = bodyOf(8 * MiB);
      const answers = await Promise.all(Array.from({ length: 40 }, () => upload(port, body, framing)));
      const { '200': served = 0, '503 overloaded retry-after': refused = 0, ...others } = count(answers);
      expect(others).toEqual({});
      expect(served + refused).toBe(40);
      // Eight fit; those that are cut short at the same moment make room for others.
      expect(served).toBeGreaterThanOrEqual(4);
    },
  );

  it('keeps nobody out for lengths that are only announced', async () => {
    const { port } = await start();
    const idle = Array.from({ length: 4 }, () => connect(port, '127.0.0.1'));
    for (const socket of idle) {
      socket.on('error', () => {});
      socket.write(
        `POST /v1/responses HTTP/1.1\r\nhost: a\r\ncontent-length: ${String(60 * MiB)}\r\nexpect: 100-continue\r\n\r\n`,
      );
    }
    // Envoy asks for the body when Tiergate has seen the headers, or has let them wait for the body.
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('data', resolve))));
    expect(await upload(port, bodyOf(8 * MiB), 'content-length')).toBe('200');
    for (const socket of idle) socket.destroy();
  });
});

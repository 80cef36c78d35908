import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectHealthyExtProc, expectRefusal } from './support/expect.ts';
import { Http2Client } from './support/http2-client.ts';
import { header } from './support/provider.ts';
import { caseName } from './support/send.ts';
import { useStack } from './support/stack.ts';

const PATH = '/v1/chat/completions';
const FILTERED = Buffer.from('{"model":"gpt-5.5","service_tier":"fast","messages":[]}');
const FILTERED_UPSTREAM = '{"model":"gpt-5.5","messages":[]}';
const PASSED = Buffer.from('{"model":"gpt-5.5","service_tier":"flex","messages":[]}');
const MALFORMED = Buffer.from('{"model":"gpt-5.5",');
const MODES = ['BUFFERED', 'FULL_DUPLEX_STREAMED', 'STREAMED'] as const;
const COMBINATIONS = MODES.flatMap((mode) => [false, true].map((http2) => ({ mode, http2 })));

describe.each(COMBINATIONS)('HTTP/2 clients, $mode, HTTP/2 provider: $http2', ({ mode, http2 }) => {
  const stack = useStack({ mode, provider: { http2 } });
  let client: Http2Client;

  beforeAll(async () => {
    client = await Http2Client.connect(stack().port);
  });
  afterAll(() => client.close());

  it.each([true, false])('has its body edited (with content-length: %s)', async (announced) => {
    const name = caseName();
    const length = announced ? { 'content-length': String(FILTERED.length) } : {};
    const answer = await client.send({ path: PATH, headers: { 'x-case': name, ...length }, body: FILTERED });
    expect(answer.status).toBe(200);
    const seen = await stack().provider.request(name);
    expect(seen.body.toString()).toBe(FILTERED_UPSTREAM);
    expect(header(seen, 'content-length') ?? String(FILTERED_UPSTREAM.length)).toBe(
      String(FILTERED_UPSTREAM.length),
    );
  });

  it('has many bodies judged at once on one connection', async () => {
    const names = Array.from({ length: 50 }, () => caseName());
    const answers = await Promise.all(
      names.map((name, index) =>
        client.send({
          path: PATH,
          headers: { 'x-case': name },
          body: index % 2 === 0 ? FILTERED : [PASSED.subarray(0, 20), PASSED.subarray(20)],
        }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    for (const [index, name] of names.entries()) {
      const seen = await stack().provider.request(name);
      expect(seen.body.toString()).toBe(index % 2 === 0 ? FILTERED_UPSTREAM : PASSED.toString());
    }
  });

  it('has a refusal while the connection goes on', async () => {
    const answer = await client.send({ path: PATH, body: MALFORMED });
    expectRefusal(answer, 400, 'malformed_json');
    const name = caseName();
    const next = await client.send({ path: PATH, headers: { 'x-case': name }, body: PASSED });
    expect(next.status).toBe(200);
  });

  it('sends no body and gets its answer', async () => {
    const name = caseName();
    const answer = await client.send({ path: '/v1/models', method: 'GET', headers: { 'x-case': name } });
    expect(answer.status).toBe(200);
    expect((await stack().provider.request(name)).body.length).toBe(0);
  });

  it('has its trailers kept or refused, as the mode allows', async () => {
    const name = caseName();
    const request = {
      path: PATH,
      headers: { 'x-case': name },
      body: PASSED,
      trailers: { 'x-checksum': 'abc' },
    };
    if (mode === 'STREAMED') {
      expectRefusal(await client.send(request), 400, 'trailers_refused');
      return;
    }
    expect((await client.send(request)).status).toBe(200);
    const seen = await stack().provider.request(name);
    expect(seen.body.equals(PASSED)).toBe(true);
    expect(seen.trailers).toEqual([['x-checksum', 'abc']]);
  });

  it('leaves Envoy without a complaint', async () => {
    await expectHealthyExtProc(stack().envoy);
  });
});

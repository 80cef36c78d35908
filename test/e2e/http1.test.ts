import { describe, expect, it } from 'vitest';
import type { Answer } from './support/answer.ts';
import { expectHealthyExtProc, expectRefusal } from './support/expect.ts';
import { chunk, Http1Client, head, lastChunk } from './support/http1-client.ts';
import { header } from './support/provider.ts';
import { caseName } from './support/send.ts';
import { useStack } from './support/stack.ts';

const PATH = '/v1/responses';
const FILTERED = '{"model":"gpt-5.5","service_tier":"priority","input":"hi"}';
const FILTERED_UPSTREAM = '{"model":"gpt-5.5","input":"hi"}';
const PASSED = '{"model":"gpt-5.5","service_tier":"flex","input":"hi"}';
const BLOCKED = '{"model":"gpt-5.5-pro","service_tier":"priority"}';
const POLICY = {
  rules: [
    {
      service_tier: 'priority',
      action: 'block',
      scope: 'all',
      model_whitelist: ['gpt-5.5-pro'],
      fallback_action: 'filter',
    },
  ],
};

/** Writes the parts one after the other and reads one answer. */
async function exchange(port: number, parts: readonly (string | Buffer)[]): Promise<Answer> {
  const client = await Http1Client.connect(port);
  try {
    for (const part of parts) await client.write(part);
    return await client.read();
  } finally {
    client.close();
  }
}

describe.each(['BUFFERED', 'FULL_DUPLEX_STREAMED', 'STREAMED'] as const)('HTTP/1.1 clients, %s', (mode) => {
  const stack = useStack({ mode, tiergate: { policy: POLICY } });

  it('sends an edited body with the right content-length, and no second framing', async () => {
    const name = caseName();
    const length = String(FILTERED.length);
    const parts = [head('POST', PATH, { 'x-case': name, 'content-length': length }), FILTERED];
    expect((await exchange(stack().port, parts)).status).toBe(200);
    const seen = await stack().provider.request(name);
    expect(seen.body.toString()).toBe(FILTERED_UPSTREAM);
    const framing = [header(seen, 'content-length'), header(seen, 'transfer-encoding')];
    // STREAMED has answered the headers before the new length is known: Envoy sends chunks.
    if (mode === 'STREAMED') expect(framing).toEqual([undefined, 'chunked']);
    else expect(framing).toEqual([String(FILTERED_UPSTREAM.length), undefined]);
  });

  it('judges a chunked body, whatever the chunks', async () => {
    const name = caseName();
    const bytes = [...Buffer.from(FILTERED)].map((byte) => chunk(Buffer.from([byte])));
    const parts = [
      head('POST', PATH, { 'x-case': name, 'transfer-encoding': 'chunked' }),
      ...bytes,
      lastChunk(),
    ];
    expect((await exchange(stack().port, parts)).status).toBe(200);
    expect((await stack().provider.request(name)).body.toString()).toBe(FILTERED_UPSTREAM);
  });

  it('holds a slow body until it is judged', async () => {
    const name = caseName();
    const client = await Http1Client.connect(stack().port);
    try {
      await client.write(head('POST', PATH, { 'x-case': name, 'content-length': String(BLOCKED.length) }));
      await client.write(BLOCKED.slice(0, 30));
      // Tiergate has the first bytes by then: the stream is open, and in STREAMED the provider has the headers.
      await stack().envoy.stats('^http');
      await client.write(BLOCKED.slice(30));
      expectRefusal(await client.read(), 403, 'policy_violation');
    } finally {
      client.close();
    }
    const bytes = stack().provider.seen.filter((request) => header(request, 'x-case') === name);
    if (mode === 'STREAMED') expect(bytes.map(({ body }) => body.length)).not.toContain(BLOCKED.length);
    else expect(bytes).toEqual([]);
  });

  it('answers expect: 100-continue, then judges', async () => {
    for (const [body, status] of [
      [PASSED, 200],
      [BLOCKED, 403],
    ] as const) {
      const name = caseName();
      const client = await Http1Client.connect(stack().port);
      try {
        const length = String(body.length);
        await client.write(
          head('POST', PATH, { 'x-case': name, 'content-length': length, expect: '100-continue' }),
        );
        expect((await client.read()).status).toBe(100);
        await client.write(body);
        expect((await client.read()).status).toBe(status);
      } finally {
        client.close();
      }
      if (status === 200) expect((await stack().provider.request(name)).body.toString()).toBe(PASSED);
    }
  });

  it('keeps the connection after a 403, and answers requests sent in one go in their order', async () => {
    const names = [caseName(), caseName(), caseName()];
    const bodies = [PASSED, BLOCKED, FILTERED];
    const client = await Http1Client.connect(stack().port);
    try {
      const requests = bodies.map((body, index) => {
        const length = String(body.length);
        return head('POST', PATH, { 'x-case': names[index] ?? '', 'content-length': length }) + body;
      });
      await client.write(requests.join(''));
      const statuses = [await client.read(), await client.read(), await client.read()];
      expect(statuses.map(({ status }) => status)).toEqual([200, 403, 200]);
    } finally {
      client.close();
    }
    expect((await stack().provider.request(names[0] ?? '')).body.toString()).toBe(PASSED);
    expect((await stack().provider.request(names[2] ?? '')).body.toString()).toBe(FILTERED_UPSTREAM);
  });

  it('lets an empty body pass', async () => {
    for (const framing of [{ 'content-length': '0' }, { 'transfer-encoding': 'chunked' }]) {
      const name = caseName();
      const parts = [head('POST', PATH, { 'x-case': name, ...framing })];
      if ('transfer-encoding' in framing) parts.push(lastChunk());
      expect((await exchange(stack().port, parts)).status).toBe(200);
      expect((await stack().provider.request(name)).body.length).toBe(0);
    }
  });

  it('leaves Envoy without a complaint', async () => {
    await expectHealthyExtProc(stack().envoy);
  });
});

describe("STREAMED with allow_content_length_header, which keeps the client's content-length", () => {
  const stack = useStack({
    mode: 'STREAMED',
    tiergate: { policy: POLICY },
    edit: (config) => config.add([...config.extProc(), 'allow_content_length_header'], true),
  });

  it('still sends an edited body whole and framed once', async () => {
    const name = caseName();
    const client = await Http1Client.connect(stack().port);
    try {
      const length = String(FILTERED.length);
      await client.write(head('POST', PATH, { 'x-case': name, 'content-length': length }));
      await client.write(FILTERED);
      expect((await client.read()).status).toBe(200);
    } finally {
      client.close();
    }
    expect((await stack().provider.request(name)).body.toString()).toBe(FILTERED_UPSTREAM);
  });
});

describe('request trailers', () => {
  const trailers = { 'x-checksum': 'abc' };
  const parts = (name: string, body: string, announced: boolean): (string | Buffer)[] => [
    head('POST', PATH, {
      'x-case': name,
      'transfer-encoding': 'chunked',
      ...(announced ? { trailer: 'x-checksum' } : {}),
    }),
    chunk(body),
    lastChunk(trailers),
  ];

  describe.each(['BUFFERED', 'FULL_DUPLEX_STREAMED'] as const)('%s', (mode) => {
    const stack = useStack({ mode, tiergate: { policy: POLICY } });

    it('reach the provider with an untouched body', async () => {
      const name = caseName();
      expect((await exchange(stack().port, parts(name, PASSED, true))).status).toBe(200);
      const seen = await stack().provider.request(name);
      expect(seen.body.toString()).toBe(PASSED);
      expect(seen.trailers).toEqual([['x-checksum', 'abc']]);
    });

    it('do not keep a body from being edited or blocked', async () => {
      const edited = caseName();
      expect((await exchange(stack().port, parts(edited, FILTERED, false))).status).toBe(200);
      expect((await stack().provider.request(edited)).body.toString()).toBe(FILTERED_UPSTREAM);
      const blocked = caseName();
      expectRefusal(await exchange(stack().port, parts(blocked, BLOCKED, true)), 403, 'policy_violation');
      expect(stack().provider.contacts(blocked)).toBe(0);
      await expectHealthyExtProc(stack().envoy);
    });
  });

  describe('STREAMED', () => {
    const stack = useStack({ mode: 'STREAMED', tiergate: { policy: POLICY } });

    it.each([true, false])('are refused (announced: %s), and the body never goes on', async (announced) => {
      const name = caseName();
      expectRefusal(await exchange(stack().port, parts(name, PASSED, announced)), 400, 'trailers_refused');
      const bodies = stack().provider.seen.filter((request) => header(request, 'x-case') === name);
      expect(bodies.filter(({ complete }) => complete)).toEqual([]);
      await expectHealthyExtProc(stack().envoy);
    });
  });
});

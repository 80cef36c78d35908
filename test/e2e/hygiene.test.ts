import { describe, expect, it } from 'vitest';
import { expectGatewayError, expectHealthyExtProc } from './support/expect.ts';
import { header } from './support/provider.ts';
import { send } from './support/send.ts';
import { useStack } from './support/stack.ts';

const BODY = '{"model":"gpt-5.5","service_tier":"priority"}';

/** Only requests of the scope `oauth` are filtered; the route of the shipped envoy.yaml says `apikey`. */
const SCOPED_POLICY = { rules: [{ service_tier: 'priority', action: 'block', scope: 'oauth' }] };

describe('what clients send to mislead', () => {
  const stack = useStack();

  it('loses x-tiergate-* headers before anyone reads them', async () => {
    const { port, provider } = stack();
    const sent = await send(port, {
      body: BODY,
      headers: { 'X-Tiergate-Scope': 'vip', 'x-tiergate-user': 'root' },
    });
    const seen = await provider.request(sent.name);
    expect(seen.headers.filter(([name]) => name.startsWith('x-tiergate'))).toEqual([]);
  });

  it('keeps its credentials and cookies on the way to the provider', async () => {
    const { port, provider } = stack();
    const headers = { authorization: 'Bearer sk-secret', cookie: 'session=1', 'x-api-key': 'secret' };
    const seen = await provider.request((await send(port, { body: BODY, headers })).name);
    for (const [name, value] of Object.entries(headers)) expect(header(seen, name)).toBe(value);
  });

  it('cannot hide a governed path: dots, slashes, case, query', async () => {
    const { port, provider } = stack();
    const paths = [
      '/v1/./responses',
      '/v1/x/../responses',
      '//v1//responses',
      '/v1/responses/',
      '/V1/Responses',
      '/v1/responses?a=/v1/models',
      '/v1/respon%73es',
      '/v1/responses;x=1',
      '/openai/deployments/gpt/chat/completions?api-version=1',
    ];
    for (const path of paths) {
      const sent = await send(port, { path, body: BODY });
      expect([path, sent.status]).toEqual([path, 200]);
      const seen = await provider.request(sent.name);
      expect([path, seen.body.toString()]).toEqual([path, '{"model":"gpt-5.5"}']);
    }
  });

  it('is refused with a path that two servers could read in two ways, and with header_names', async () => {
    const { port, provider } = stack();
    for (const options of [
      { path: '/v1%2Fresponses' },
      { path: '/v1%5cresponses' },
      { headers: { x_api_key: 'secret' } },
    ]) {
      const sent = await send(port, { body: BODY, ...options });
      expectGatewayError(sent, 400, 'request_refused');
      expect(provider.contacts(sent.name)).toBe(0);
    }
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'image/png'])(
    'is judged as %s too',
    async (type) => {
      const { port, provider } = stack();
      const sent = await send(port, { body: BODY, headers: { 'content-type': type } });
      expect((await provider.request(sent.name)).body.toString()).toBe('{"model":"gpt-5.5"}');
    },
  );

  it.each(['PUT', 'DELETE', 'GET'] as const)('is judged with the method %s too', async (method) => {
    const { port, provider } = stack();
    const sent = await send(port, { body: BODY, method });
    expect((await provider.request(sent.name)).body.toString()).toBe('{"model":"gpt-5.5"}');
  });

  it('leaves Envoy without a complaint', async () => {
    await expectHealthyExtProc(stack().envoy);
  });
});

describe('the scope of a route', () => {
  describe('as the shipped envoy.yaml says', () => {
    const stack = useStack({ tiergate: { policy: SCOPED_POLICY } });

    it('cannot be changed by a client', async () => {
      const sent = await send(stack().port, { body: BODY, headers: { 'x-tiergate-scope': 'oauth' } });
      expect(sent.status).toBe(200);
    });
  });

  describe('as another route says', () => {
    const stack = useStack({
      tiergate: { policy: SCOPED_POLICY },
      edit: (config) => config.routeMetadata({ 'x-tiergate-scope': 'oauth' }),
    });

    it('picks the rules', async () => {
      const sent = await send(stack().port, { body: BODY, headers: { 'x-tiergate-scope': 'apikey' } });
      expect(sent.status).toBe(403);
    });
  });
});

describe('an upstream answer', () => {
  const events = Array.from({ length: 50 }, (_, index) => `event: delta\ndata: {"n":${index}}\n\n`).join('');
  const stack = useStack({
    provider: {
      answer: (request) =>
        request.path === '/v1/responses'
          ? { status: 200, headers: { 'content-type': 'text/event-stream' }, body: events }
          : { status: 429, headers: { 'x-request-cost': '7' }, body: '{"error":{"code":"rate_limit"}}' },
    },
  });

  it('comes through untouched, streams and errors alike', async () => {
    const { port } = stack();
    const stream = await send(port, { body: BODY });
    expect(stream.body.toString()).toBe(events);
    const limited = await send(port, { path: '/v1/chat/completions', body: BODY });
    expect([limited.status, limited.body.toString()]).toEqual([429, '{"error":{"code":"rate_limit"}}']);
    expect(limited.headers.get('x-request-cost')).toBe('7');
  });
});

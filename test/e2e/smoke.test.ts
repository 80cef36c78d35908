import { describe, expect, it } from 'vitest';
import { ENVOY_VERSIONS } from '../../tools/envoy/versions.ts';
import { expectHealthyExtProc, expectRefusal } from './support/expect.ts';
import { header } from './support/provider.ts';
import { send } from './support/send.ts';
import { useStack } from './support/stack.ts';

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
const MODES = ['BUFFERED', 'FULL_DUPLEX_STREAMED', 'STREAMED'] as const;
const COMBINATIONS = ENVOY_VERSIONS.flatMap((version) => MODES.map((mode) => ({ version, mode })));

describe.each(COMBINATIONS)('Envoy $version, $mode', ({ version, mode }) => {
  const stack = useStack({ version, mode, tiergate: { policy: POLICY } });

  it('takes a tier out of the body and changes nothing else', async () => {
    const { port, provider, envoy } = stack();
    const sent = await send(port, { body: '{"model":"gpt-5.5","service_tier":"priority","input":"hi"}' });
    expect(sent.status).toBe(200);
    const seen = await provider.request(sent.name);
    expect(seen.body.toString()).toBe('{"model":"gpt-5.5","input":"hi"}');
    const entry = await envoy.accessLogEntry(({ status }) => status === 200);
    expect(entry.tiergate).toMatchObject({ action: 'filter' });
  });

  it('lets other tiers pass byte for byte', async () => {
    const { port, provider } = stack();
    const body = '{ "service_tier" : "flex",\n"model":"gpt-5.5" , "input":"\\ud800" }';
    const sent = await send(port, { body });
    expect(sent.status).toBe(200);
    expect((await provider.request(sent.name)).body.toString()).toBe(body);
  });

  it('blocks with its own 403, which the mapper leaves alone', async () => {
    const { port, provider, envoy } = stack();
    const sent = await send(port, { body: '{"model":"gpt-5.5-pro","service_tier":"fast"}' });
    expectRefusal(sent, 403, 'policy_violation');
    expect(sent.headers.get('x-should-retry')).toBe('false');
    expect(sent.headers.get('x-tiergate-decision')).toBeDefined();
    const entry = await envoy.accessLogEntry(({ status }) => status === 403);
    expect(entry.details).toBe('tiergate_policy_violation');
    expect(entry.tiergate).toMatchObject({ action: 'block' });
    // In STREAMED the headers may have gone ahead; the body never.
    if (mode === 'STREAMED')
      expect(provider.seen.filter(({ body }) => body.includes('gpt-5.5-pro'))).toEqual([]);
    else expect(provider.contacts(sent.name)).toBe(0);
  });

  it('refuses what is no JSON', async () => {
    const { port } = stack();
    expectRefusal(await send(port, { body: '{"model":"gpt-5.5"' }), 400, 'malformed_json');
  });

  it('lets paths pass that are not governed, with and without a body', async () => {
    const { port, provider } = stack();
    const upload = await send(port, { path: '/v1/files', body: 'service_tier=priority' });
    expect(upload.status).toBe(200);
    expect((await provider.request(upload.name)).body.toString()).toBe('service_tier=priority');
    const listing = await send(port, { path: '/v1/models', method: 'GET' });
    expect(listing.status).toBe(200);
    expect(header(await provider.request(listing.name), 'content-length')).toBeUndefined();
  });

  it('leaves Envoy without a complaint', async () => {
    await expectHealthyExtProc(stack().envoy);
  });
});

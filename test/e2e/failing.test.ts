import { describe, expect, it } from 'vitest';
import { startTiergate } from '../../tools/envoy/tiergate.ts';
import { waitFor } from '../../tools/envoy/wait-for.ts';
import { expectGatewayError } from './support/expect.ts';
import { Http1Client, head } from './support/http1-client.ts';
import { caseName, send } from './support/send.ts';
import { useStack } from './support/stack.ts';

const BODY = '{"model":"gpt-5.5","service_tier":"priority"}';

describe.each(['BUFFERED', 'FULL_DUPLEX_STREAMED', 'STREAMED'] as const)('fail closed, %s', (mode) => {
  const stack = useStack({ mode });

  it('a Tiergate that is killed takes its waiting requests with it as 503 in JSON, never unseen', async () => {
    const { port, tiergate, provider, envoy } = stack();
    expect((await send(port, { body: BODY })).status).toBe(200);

    // A request that is open at Tiergate: its body is not complete.
    const name = caseName();
    const client = await Http1Client.connect(port);
    try {
      const before = (await envoy.extProcStats()).get('streams_started') ?? 0;
      await client.write(
        head('POST', '/v1/responses', { 'x-case': name, 'content-length': String(BODY.length) }),
      );
      await client.write(BODY.slice(0, 10));
      await waitFor('the stream to Tiergate', async () =>
        ((await envoy.extProcStats()).get('streams_started') ?? 0) > before ? true : undefined,
      );
      tiergate.process.signal('SIGKILL');
      await tiergate.process.ended;
      await client.write(BODY.slice(10));
      expectGatewayError(await client.read(), 503, 'policy_unavailable');
    } finally {
      client.close();
    }

    const refused = await send(port, { body: BODY });
    expectGatewayError(refused, 503, 'policy_unavailable');
    expect(provider.contacts(refused.name)).toBe(0);
    // Not even what is not governed: Envoy asks Tiergate about every request.
    const other = await send(port, { path: '/v1/models', method: 'GET' });
    expectGatewayError(other, 503, 'policy_unavailable');
    expect(provider.contacts(other.name)).toBe(0);
    expect((await envoy.extProcStats()).get('failure_mode_allowed') ?? 0).toBe(0);
  });

  it('serves again when Tiergate is back', async () => {
    const { port, tiergate, provider } = stack();
    await tiergate.stop();
    stack().tiergate = await startTiergate({ grpc: tiergate.grpc });
    const sent = await waitFor('Envoy to see Tiergate', async () => {
      const answer = await send(port, { body: BODY });
      return answer.status === 200 ? answer : undefined;
    });
    expect((await provider.request(sent.name)).body.toString()).toBe('{"model":"gpt-5.5"}');
  });
});

describe('Tiergate is told to stop', () => {
  const stack = useStack();

  it('ends with code 0, and Envoy answers 503', async () => {
    const { port, tiergate, provider } = stack();
    expect((await send(port, { body: BODY })).status).toBe(200);
    const end = await tiergate.process.stop(30_000);
    expect(end).toEqual({ code: 0, signal: null });
    const refused = await send(port, { body: BODY });
    expectGatewayError(refused, 503, 'policy_unavailable');
    expect(provider.contacts(refused.name)).toBe(0);
  });
});

describe('the provider is not there', () => {
  const stack = useStack();

  it('is a 503 of the gateway, told apart from a missing policy', async () => {
    await stack().provider.stop();
    const sent = await send(stack().port, { body: BODY });
    expectGatewayError(sent, 503, 'provider_unavailable');
  });
});

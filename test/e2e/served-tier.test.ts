import { describe, expect, it } from 'vitest';
import { waitFor } from '../../tools/envoy/wait-for.ts';
import { expectHealthyExtProc } from './support/expect.ts';
import type { ProviderAnswer, SeenRequest } from './support/provider.ts';
import { type Sent, send } from './support/send.ts';
import { type Stack, useStack } from './support/stack.ts';

const BODY = '{"model":"gpt-5.5","service_tier":"priority","input":"hi"}';
const FILTERED = '{"model":"gpt-5.5","input":"hi"}';
const JSON_ANSWER = '{"object":"response","status":"completed","service_tier":"default"}';
const EVENTS =
  'event: response.created\ndata: {"type":"response.created","response":{"service_tier":"auto"}}\n\n' +
  'event: response.completed\ndata: {"type":"response.completed","response":{"service_tier":"default"}}\n\n';

function answer({ path }: SeenRequest): ProviderAnswer {
  return path.endsWith('?stream')
    ? { status: 200, headers: { 'content-type': 'text/event-stream' }, body: EVENTS }
    : { status: 200, headers: { 'content-type': 'application/json' }, body: JSON_ANSWER };
}

const COMBINATIONS = (['BUFFERED', 'FULL_DUPLEX_STREAMED'] as const).flatMap((request) =>
  (['STREAMED', 'FULL_DUPLEX_STREAMED'] as const).map((response) => ({ request, response })),
);

// The tier that was served is known behind the decision, and both go to Envoy in one namespace of its dynamic metadata.
// Envoy merges the members of a namespace and replaces what lies deeper, so the second must not cost the first.
describe.each(COMBINATIONS)('observe_served_tier, request $request, response $response', (modes) => {
  const stack = useStack({
    mode: modes.request,
    provider: { answer },
    tiergate: { config: { observe_served_tier: true } },
    edit: (config) => {
      const processing = [...config.extProc(), 'processing_mode'];
      config.set([...processing, 'response_header_mode'], 'SEND');
      config.set([...processing, 'response_body_mode'], modes.response);
      if (modes.response === 'FULL_DUPLEX_STREAMED')
        config.set([...processing, 'response_trailer_mode'], 'SEND');
    },
  });

  async function expectBoth({ envoy, tiergate, provider }: Stack, sent: Sent): Promise<void> {
    expect((await provider.request(sent.name)).body.toString()).toBe(FILTERED);
    const id = (await provider.request(sent.name)).headers.find(([key]) => key === 'x-request-id')?.[1];
    const entry = await envoy.accessLogEntry(({ request_id }) => request_id === id);
    const decision = await waitFor('the decision', () =>
      tiergate.decisions().find(({ request_id }) => request_id === id),
    );
    expect(decision).toMatchObject({ action: 'filter', tier_asked: 'priority', tier_served: 'default' });
    expect(entry.tiergate).toEqual({
      id: decision['id'],
      action: 'filter',
      enforced: true,
      route: 'default',
      dialect: 'openai-responses',
      revision: decision['revision'],
      rule: 'rule-1',
      model_asked: 'gpt-5.5',
      model_matched: 'gpt-5.5',
      tier_asked: 'priority',
      tier_served: 'default',
    });
  }

  it('adds the tier of a JSON answer to the decision in the access log, and leaves the answer as it is', async () => {
    const sent = await send(stack().port, { body: BODY });
    expect([sent.status, sent.body.toString()]).toEqual([200, JSON_ANSWER]);
    await expectBoth(stack(), sent);
  });

  it('adds the tier of a stream of events, and leaves the stream as it is', async () => {
    const sent = await send(stack().port, { path: '/v1/responses?stream', body: BODY });
    expect([sent.status, sent.body.toString()]).toEqual([200, EVENTS]);
    await expectBoth(stack(), sent);
  });

  it('leaves Envoy without a complaint', async () => {
    await expectHealthyExtProc(stack().envoy);
  });
});

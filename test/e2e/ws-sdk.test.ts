import { afterAll, describe, expect, it } from 'vitest';
import { expectHealthyExtProc } from './support/expect.ts';
import type { SdkClient, SdkTalk, SdkTask } from './support/sdk-client.ts';
import { ANSWER, type ModelEvent } from './support/sdk-events.ts';
import { nodeSdk } from './support/sdk-node.ts';
import { eventsOf } from './support/sdk-provider.ts';
import { findPythonSdk, startPythonSdk } from './support/sdk-python.ts';
import { ALLOWED, BLOCKED, MESSAGE, useModelStack } from './support/sdk-stack.ts';
import { accessLogOf, decisionsOf, expectNothingOf } from './support/ws-expect.ts';
import { headerOf, type SeenSocket } from './support/ws-provider.ts';

const pythonSdk = await findPythonSdk();
const pythonClients =
  pythonSdk === undefined
    ? []
    : (['blocking', 'asyncio'] as const).map((style) => startPythonSdk(pythonSdk, style));
const clients: readonly SdkClient[] = [nodeSdk, ...pythonClients];
afterAll(async () => {
  for (const client of pythonClients) await client.stop();
});

it.skipIf(pythonSdk === undefined)('openai-python is there, or PyPI can be reached', () => {
  expect(clients).toHaveLength(3);
});

const stack = useModelStack({ tls: true });

const SECRET = 'never-to-be-seen';
const UPDATE = { type: 'session.update', session: { type: 'realtime', instructions: 'Be short.' } };

/** A turn of the Responses API. */
function turn(model: string, more: Readonly<Record<string, unknown>> = {}): ModelEvent {
  return { type: 'response.create', model, input: 'What is the answer?', ...more };
}

/** A turn of the Realtime API; it names no model. */
function spokenTurn(
  response: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): ModelEvent {
  return { type: 'response.create', response, ...more };
}

let talks = 0;

/** Has a talk, and looks for its one socket at the provider. */
async function talk(
  client: SdkClient,
  task: Pick<SdkTask, 'api' | 'send'> & { readonly model?: string },
): Promise<{ readonly heard: SdkTalk; readonly seen: SeenSocket }> {
  talks += 1;
  const name = `talk-${talks}`;
  const { port, authority, provider } = stack();
  const baseUrl = `https://localhost:${port}/v1`;
  const heard = await client.talk({ model: ALLOWED.voice, ...task, baseUrl, authority, name });
  const [seen, ...others] = provider.sockets(name);
  if (seen === undefined) throw new Error('no socket reached the provider');
  expect(others).toEqual([]);
  return { heard, seen };
}

/** Asserts that a talk ended as its program wanted. */
async function expectContent({
  heard,
  seen,
}: {
  readonly heard: SdkTalk;
  readonly seen: SeenSocket;
}): Promise<void> {
  expect(heard.error).toBeUndefined();
  expect(heard.types).not.toContain('error');
  await accessLogOf(stack().envoy, seen);
  expect(seen.close()?.code).toBe(1000);
}

/** Asserts that the program got its SDK's usual error, with our code and words, and then Close 1008. */
async function expectBlocked(
  client: SdkClient,
  api: SdkTask['api'],
  { heard, seen }: { readonly heard: SdkTalk; readonly seen: SeenSocket },
): Promise<void> {
  expect(heard.error?.name).toBe(client.errors[api]);
  expect(heard.error?.message).toContain(MESSAGE);
  expect([heard.error?.code, heard.error?.message].join(' ')).toContain('policy_violation');
  expect(heard.close).toEqual({ code: 1008, reason: MESSAGE });
  const { tiergate, status } = await accessLogOf(stack().envoy, seen);
  expect([status, tiergate]).toEqual([101, expect.objectContaining({ action: 'block', rule: 'fast-mode' })]);
  expectNothingOf(SECRET, seen);
}

describe.each(clients)('$name', (client) => {
  it('has its turns answered, and loses a tier that is filtered', async () => {
    const send = [
      turn(ALLOWED.text),
      turn(ALLOWED.text, { service_tier: 'priority' }),
      turn(ALLOWED.text, { service_tier: 'fast' }),
      turn(ALLOWED.text, { service_tier: 'flex' }),
    ];
    const { heard, seen } = await talk(client, { api: 'responses', send });
    await expectContent({ heard, seen });
    expect(heard.text).toBe(ANSWER.repeat(send.length));
    expect(headerOf(seen, 'sec-websocket-extensions')).toBeUndefined();
    const clean = turn(ALLOWED.text);
    expect(eventsOf(seen)).toEqual([clean, clean, clean, { ...clean, service_tier: 'flex' }]);
    const decisions = await decisionsOf(stack().tiergate, seen, send.length);
    expect(decisions.map(({ action }) => action)).toEqual(['pass', 'filter', 'filter', 'pass']);
  });

  it('raises its usual error where a turn is blocked; the turns before it count', async () => {
    const blocked = turn(BLOCKED.text, { service_tier: 'priority', input: SECRET });
    const send = [turn(ALLOWED.text), blocked, turn(ALLOWED.text)];
    const { heard, seen } = await talk(client, { api: 'responses', send });
    await expectBlocked(client, 'responses', { heard, seen });
    expect(heard.text).toBe(ANSWER);
    expect(eventsOf(seen)).toEqual([turn(ALLOWED.text)]);
  });

  it('speaks Realtime, and loses a tier that is filtered', async () => {
    const said = { instructions: 'Say it.' };
    const send = [
      UPDATE,
      spokenTurn({ ...said, service_tier: 'priority' }),
      spokenTurn(said, { service_tier: 'fast' }),
    ];
    const { heard, seen } = await talk(client, { api: 'realtime', send });
    await expectContent({ heard, seen });
    expect(heard.types.slice(0, 2)).toEqual(['session.created', 'session.updated']);
    expect(heard.text).toBe(ANSWER.repeat(2));
    expect(seen.path).toBe(`/v1/realtime?model=${ALLOWED.voice}`);
    expect(headerOf(seen, 'sec-websocket-extensions')).toBeUndefined();
    expect(eventsOf(seen)).toEqual([UPDATE, spokenTurn(said), spokenTurn(said)]);
    const decisions = await decisionsOf(stack().tiergate, seen, 2);
    expect(decisions).toMatchObject([
      { action: 'filter', model_asked: ALLOWED.voice },
      { action: 'filter', model_asked: ALLOWED.voice },
    ]);
  });

  it.each([
    ['of the URL', BLOCKED.voice, UPDATE],
    [
      'of a session.update',
      ALLOWED.voice,
      { ...UPDATE, session: { ...UPDATE.session, model: BLOCKED.voice } },
    ],
  ])('raises its usual error in Realtime for the model %s', async (_, model, update) => {
    const send = [update, spokenTurn({ instructions: SECRET, service_tier: 'priority' }), UPDATE];
    const { heard, seen } = await talk(client, { api: 'realtime', model, send });
    await expectBlocked(client, 'realtime', { heard, seen });
    expect(heard.types.slice(0, 2)).toEqual(['session.created', 'session.updated']);
    expect(eventsOf(seen)).toEqual([update]);
  });
});

it('leaves Envoy without a complaint', async () => {
  await expectHealthyExtProc(stack().envoy);
});

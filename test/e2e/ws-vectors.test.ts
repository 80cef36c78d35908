import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningEnvoy } from '../../tools/envoy/launch.ts';
import { DEFAULT_ENVOY_VERSION } from '../../tools/envoy/versions.ts';
import { expectHealthyExtProc } from './support/expect.ts';
import { VERSIONS } from './support/versions.ts';
import { isStopped, outputsOf, type SocketCase, type Step, socketCases } from './support/ws-cases.ts';
import { byteByByteClient, type SocketClient, type Talk, wsClient } from './support/ws-client.ts';
import { decisionsOf, expectErrorEvent, expectNothingOf, expectUpstream } from './support/ws-expect.ts';
import { ANSWERS_HEADER, headerOf, type SeenSocket } from './support/ws-provider.ts';
import { findAutobahn, findWebsockets, type PythonClient, startPythonClient } from './support/ws-python.ts';
import { portOf, useSocketStack } from './support/ws-stack.ts';

const websockets = startPythonClient(await findWebsockets());
const autobahnLibrary = await findAutobahn();
const autobahn = autobahnLibrary === undefined ? undefined : startPythonClient(autobahnLibrary);
const pythonClients: readonly PythonClient[] = autobahn === undefined ? [websockets] : [websockets, autobahn];
const clients: readonly SocketClient[] = [wsClient, byteByByteClient, ...pythonClients];
afterAll(async () => {
  for (const client of pythonClients) await client.stop();
});

it.skipIf(autobahn === undefined)("Debian's python3-autobahn is installed, or apt can fetch it", () => {
  expect(clients).toHaveLength(4);
});

/** Every client on every release; the cases of one message with every client on the newest release, and with `ws` on all. */
function cellsOf({ kind }: SocketCase): readonly (readonly [client: SocketClient, version: string])[] {
  return VERSIONS.flatMap((version) =>
    clients
      .filter((client) => kind !== 'frame' || client === wsClient || version === DEFAULT_ENVOY_VERSION)
      .map((client) => [client, version] as const),
  );
}

/** Stands between the policies of two groups: where they mean the same, Tiergate sees no change and makes no revision. */
const BETWEEN = { rules: [{ name: 'between', service_tier: 'scale', action: 'pass', scope: 'all' }] };

function typeOf({ send }: Step): unknown {
  return (JSON.parse(send) as { readonly type?: unknown }).type;
}

let talks = 0;

describe.each(['compatible', 'strict'] as const)('the vectors on a socket, %s', (strictness) => {
  const stack = useSocketStack({ strictness, policy: { rules: [] } });
  const envoys = new Map<string, RunningEnvoy>();

  beforeAll(async () => {
    for (const version of VERSIONS) envoys.set(version, await stack().envoy({ version }));
  });

  const groups = Map.groupBy(socketCases(strictness), ({ policy }) => JSON.stringify(policy));
  describe.each([...groups])('policy %s', (policy, cases) => {
    beforeAll(async () => {
      await stack().tiergate.changePolicy(BETWEEN);
      await stack().tiergate.changePolicy(JSON.parse(policy));
    });

    describe.each(cases)('$kind $id', (one) => {
      it.concurrent.each(cellsOf(one).map(([client, version]) => ({ client, version })))(
        '$client.name on $version',
        async ({ client, version }) => {
          const envoy = envoys.get(version);
          if (envoy === undefined) throw new Error(`no Envoy ${version}`);
          await check(one, client, portOf(envoy));
        },
      );
    });
  });

  it('leave no Envoy with a complaint', async () => {
    for (const envoy of envoys.values()) await expectHealthyExtProc(envoy);
  });

  async function check(one: SocketCase, client: SocketClient, port: number): Promise<void> {
    const { provider } = stack();
    talks += 1;
    const name = `${one.id}-${talks}`;
    const stopped = one.steps.find(isStopped);
    const answers = Buffer.from(JSON.stringify(one.answers ?? [])).toString('base64url');
    const talk = await client.talk(port, {
      headers: { 'x-case': name, ...(one.answers === undefined ? {} : { [ANSWERS_HEADER]: answers }) },
      send: one.steps.map(({ send }) => send),
      ...(stopped === undefined ? { close: 1000 } : {}),
    });
    const seen = await provider.socket(name);
    expect([talk.extensions, headerOf(seen, 'sec-websocket-extensions')]).toEqual(['', undefined]);
    const outputs = outputsOf(one);
    expectUpstream(seen, outputs);
    const heard = one.answers ?? outputs;
    if (stopped === undefined) {
      expect(talk.messages).toEqual(heard);
      expect(talk.close.code).toBe(1000);
      if (talk.sent !== undefined && one.steps.every(({ output }) => output === 'same')) {
        expect(seen.bytes.equals(talk.sent)).toBe(true);
      }
    } else {
      expectNothingOf(stopped.send, seen);
      expectStopped(talk, heard, stopped.code, stopped.message);
    }
    await checkSession(one, seen);
  }

  function expectStopped(talk: Talk, heard: readonly string[], code?: string, message?: string): void {
    expect(talk.messages.slice(0, -1)).toEqual(heard);
    const event = expectErrorEvent(talk.messages.at(-1) ?? '', code);
    if (message !== undefined) expect(event.error.message).toBe(message);
    expect(talk.close).toEqual({ code: 1008, reason: event.error.message.slice(0, 123) });
  }

  /** Holds the captured models and the billed tiers of a case against the decisions of its turns. */
  async function checkSession(one: SocketCase, seen: SeenSocket): Promise<void> {
    const judged = one.steps.filter((step) => isStopped(step) || typeOf(step) === 'response.create');
    const decisions = await decisionsOf(stack().tiergate, seen, judged.length);
    expect(decisions).toHaveLength(judged.length);
    let billed: unknown = null;
    for (const step of one.steps) {
      const decision = judged.includes(step) ? decisions[judged.indexOf(step)] : undefined;
      if (decision !== undefined && !isStopped(step)) billed = decision['tier_sent'] ?? null;
      if (step.billing_tier !== undefined) expect(billed).toBe(step.billing_tier);
      if (step.captured_model !== undefined && decision !== undefined) {
        expect(decision['captured_model'] ?? '').toBe(step.captured_model);
      }
    }
  }
});

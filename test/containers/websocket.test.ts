import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { waitFor } from '../../tools/envoy/wait-for.ts';
import { expectNoComplaint } from './support/expect.ts';
import { POLICY } from './support/policy.ts';
import { useContainers } from './support/stack.ts';

/** A client that keeps what it gets. */
interface Client {
  readonly socket: WebSocket;
  readonly messages: string[];
  readonly closed: Promise<readonly [number, string]>;
}

describe('WebSockets through containers', () => {
  const containers = useContainers({ policy: POLICY });

  async function open(name: string): Promise<Client> {
    const socket = new WebSocket(`ws://${containers().gateway}/v1/responses`, {
      headers: { 'x-case': name },
    });
    const messages: string[] = [];
    socket.on('message', (data) => messages.push(String(data)));
    const closed = new Promise<readonly [number, string]>((resolve) => {
      socket.on('close', (code, reason) => resolve([code, String(reason)]));
    });
    await once(socket, 'open');
    return { socket, messages, closed };
  }

  it('takes a tier out of a message, and the next one goes on as it came', async () => {
    const { socket, messages, closed } = await open('filter');
    const clean = '{ "type":"response.create", "model":"gpt-5.5" }';
    socket.send('{"type":"response.create","model":"gpt-5.5","service_tier":"priority"}');
    socket.send(clean);
    await waitFor('the answers', () => (messages.length === 2 ? true : undefined));
    socket.close(1000);
    expect((await closed)[0]).toBe(1000);
    const upstream = ['{"type":"response.create","model":"gpt-5.5"}', clean];
    expect(messages).toEqual(upstream);
    expect((await containers().seen('filter'))?.texts).toEqual(upstream);
    const decision = await containers().tiergate.decision(({ action }) => action === 'filter');
    expect(decision).toMatchObject({ transport: 'websocket', rule: 'no-priority' });
  });

  it('blocks with an error event and Close 1008; the provider gets none of it', async () => {
    const { socket, messages, closed } = await open('block');
    socket.send('{"type":"response.create","model":"gpt-5.5","service_tier":"ultrafast","input":"secret"}');
    expect(await closed).toEqual([1008, 'ultrafast is not part of our plan']);
    expect(messages.map((text) => JSON.parse(text) as unknown)).toEqual([
      {
        event_id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
        type: 'error',
        status: 400,
        error: {
          type: 'invalid_request_error',
          code: 'policy_violation',
          message: 'ultrafast is not part of our plan',
          param: 'service_tier',
        },
      },
    ]);
    const seen = await waitFor('the end at the provider', async () => {
      const record = await containers().seen('block');
      return record?.closeCode === undefined ? undefined : record;
    });
    // Whether this client's answer to the Close still reaches the provider is up to the client, which ends TCP behind it.
    expect(seen.texts).toEqual([]);
  });

  it('leaves Envoy without a complaint', async () => {
    expectNoComplaint(await containers().extProcStats());
  });
});

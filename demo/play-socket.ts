import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import { waitFor } from '../tools/envoy/wait-for.ts';
import type { DemoProvider } from './provider.ts';
import type { SocketScene } from './socket-scenes.ts';

/** What became of one message. */
export interface SocketOutcome {
  readonly answer: string;
  /** Undefined where nothing reached the provider. */
  readonly arrival: string | undefined;
  readonly close: { readonly code: number; readonly reason: string } | undefined;
  /** What is not as the scene tells, in words; empty where all is. */
  readonly differences: readonly string[];
}

/** One socket through Envoy, as a client of the demo has it. */
export interface DemoSocket {
  play(scene: SocketScene): Promise<SocketOutcome>;
  close(): void;
}

/** Opens it. */
export async function openDemoSocket(port: number, provider: DemoProvider): Promise<DemoSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/responses`);
  const answers: string[] = [];
  let closed: SocketOutcome['close'];
  socket.on('message', (data) => answers.push(data.toString()));
  socket.on('close', (code, reason) => {
    closed = { code, reason: reason.toString() };
  });
  await once(socket, 'open');
  return {
    async play(scene) {
      answers.length = 0;
      provider.takeMessages();
      socket.send(scene.text);
      const answer = await waitFor('an answer on the socket', () => answers[0]);
      if (scene.close !== undefined) await waitFor('the close of the socket', () => closed);
      // Nothing may reach the provider of a blocked message, so give it the time to be seen.
      if (scene.upstream === undefined) await delay(50);
      const outcome = { answer, arrival: provider.takeMessages()[0], close: closed };
      return { ...outcome, differences: differences(scene, outcome) };
    },
    close: () => socket.terminate(),
  };
}

function differences(scene: SocketScene, outcome: Omit<SocketOutcome, 'differences'>): string[] {
  const found: string[] = [];
  const { type } = JSON.parse(outcome.answer) as { type?: string };
  if (type !== scene.answer) found.push(`an answer of type ${type} instead of ${scene.answer}`);
  if (outcome.arrival !== scene.upstream) found.push('the provider got another message');
  if (outcome.close?.code !== scene.close) {
    found.push(`close ${outcome.close?.code ?? 'none'} instead of ${scene.close ?? 'none'}`);
  }
  return found;
}

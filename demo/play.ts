import { setTimeout as delay } from 'node:timers/promises';
import type { AccessLogEntry, RunningEnvoy } from '../tools/envoy/launch.ts';
import { waitFor } from '../tools/envoy/wait-for.ts';
import type { Arrival, DemoProvider } from './provider.ts';
import type { Scene } from './scenes.ts';

/** What became of the request of a scene. */
export interface Outcome {
  readonly status: number;
  readonly answer: string;
  /** Undefined where nothing reached the provider. */
  readonly arrival: Arrival | undefined;
  /** Envoy's access log line, which carries Tiergate's verdict. */
  readonly log: AccessLogEntry;
  /** What is not as the scene tells, in words; empty where all is. */
  readonly differences: readonly string[];
}

/** Sends the request of a scene through Envoy and compares what happens with what is told. */
export async function play(scene: Scene, envoy: RunningEnvoy, provider: DemoProvider): Promise<Outcome> {
  provider.take();
  const logged = envoy.accessLog().length;
  const response = await fetch(`http://127.0.0.1:${envoy.port('llm')}${scene.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...scene.headers },
    body: scene.encode === undefined ? scene.text : new Uint8Array(scene.encode(scene.text)),
    signal: AbortSignal.timeout(20_000),
  });
  const answer = await response.text();
  const log = await waitFor('the access log', () => envoy.accessLog()[logged]);
  // Nothing may reach the provider of a refused request, so give it the time to be seen.
  if (scene.upstream === undefined) await delay(50);
  const arrival = provider.take()[0];
  const outcome = { status: response.status, answer, arrival, log };
  return { ...outcome, differences: differences(scene, outcome) };
}

function differences(scene: Scene, outcome: Omit<Outcome, 'differences'>): string[] {
  const found: string[] = [];
  const { arrival } = outcome;
  if (outcome.status !== scene.status) found.push(`status ${outcome.status} instead of ${scene.status}`);
  const action = outcome.log.tiergate?.['action'];
  if (action !== scene.action) found.push(`action ${action ?? 'none'} instead of ${scene.action ?? 'none'}`);
  if (scene.upstream === undefined) {
    if (arrival !== undefined) found.push('the request reached the provider');
    return found;
  }
  if (arrival === undefined) return [...found, 'nothing reached the provider'];
  if (!arrival.body.equals(Buffer.from(scene.upstream))) found.push('the provider got another body');
  for (const [name, value] of Object.entries(scene.upstreamHeaders ?? {})) {
    if (arrival.headers[name] !== value) found.push(`the provider got another ${name}`);
  }
  return found;
}

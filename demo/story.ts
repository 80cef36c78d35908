import { styleText } from 'node:util';
import type { AccessLogEntry } from '../tools/envoy/launch.ts';
import type { Outcome } from './play.ts';
import type { SocketOutcome } from './play-socket.ts';
import type { Scene } from './scenes.ts';
import type { SocketScene } from './socket-scenes.ts';

type Style = Parameters<typeof styleText>[0];

/** Colour where standard output is a terminal that wants it; `NO_COLOR` and the like are heeded. */
function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One scene as a reader sees it: what the client sent, what the provider got, what the client got, and why. */
export function tell(number: number, scene: Scene, outcome: Outcome): void {
  say('');
  say(paint('bold', `${String(number).padStart(2)}  ${scene.title}`));
  const coding = scene.headers?.['content-encoding'];
  line('client', `POST ${scene.path}${coding === undefined ? '' : `, ${coding}`}`);
  for (const [name, value] of Object.entries(scene.headers ?? {})) {
    if (name !== 'content-encoding') line('', `${name}: ${value}`);
  }
  line('', scene.text);
  tellArrival(scene, outcome);
  const answer = outcome.status === 200 ? '' : ` ${outcome.answer.trim()}`;
  line('answer', paint(outcome.status === 200 ? 'green' : 'yellow', String(outcome.status)) + answer);
  line('why', why(outcome.log));
  for (const difference of outcome.differences) line('WRONG', paint('red', difference));
}

/** One message on the socket: what the client sent, what the provider got, what the client got. */
export function tellSocket(number: number, scene: SocketScene, outcome: SocketOutcome): void {
  say('');
  say(paint('bold', `${String(number).padStart(2)}  ${scene.title}`));
  line('client', scene.text);
  const { arrival, close } = outcome;
  if (arrival === undefined) line('provider', paint('yellow', 'nothing'));
  else if (arrival === scene.text) line('provider', `${paint('green', arrival)}  (byte for byte)`);
  else line('provider', paint('magenta', arrival));
  line('answer', close === undefined ? paint('green', scene.answer) : paint('yellow', outcome.answer));
  if (close !== undefined) line('', paint('yellow', `close ${close.code}: ${close.reason}`));
  for (const difference of outcome.differences) line('WRONG', paint('red', difference));
}

/** The verdict in words, from the metadata that Tiergate gave to Envoy. */
export function why(entry: AccessLogEntry): string {
  const verdict = entry.tiergate;
  if (verdict === null || verdict['action'] === undefined) return 'path not governed, nothing judged';
  const parts = [paint('cyan', String(verdict['action']))];
  if (verdict['rule'] !== undefined) parts.push(`rule "${verdict['rule']}"`);
  else if (verdict['code'] !== undefined) parts.push(String(verdict['code']));
  else parts.push('no rule fits');
  if (verdict['tier_asked'] !== undefined) {
    parts.push(`asked ${verdict['tier_asked']}, sent ${verdict['tier_sent'] ?? 'none'}`);
  }
  return parts.join(' · ');
}

function tellArrival(scene: Scene, { arrival }: Outcome): void {
  if (arrival === undefined) {
    line('provider', paint('yellow', 'nothing'));
    return;
  }
  const coding = arrival.headers['content-encoding'];
  const same = arrival.body.equals(scene.encode?.(scene.text) ?? Buffer.from(scene.text));
  const text = coding === undefined ? arrival.body.toString() : `${arrival.body.length} bytes of ${coding}`;
  line('provider', paint(same ? 'green' : 'magenta', text) + (same ? '  (byte for byte)' : ''));
  for (const name of Object.keys(scene.upstreamHeaders ?? {})) {
    const value = arrival.headers[name];
    if (value !== undefined && name !== 'content-encoding')
      line('', `${name}: ${paint('magenta', String(value))}`);
  }
}

export function line(label: string, text: string): void {
  say(`    ${paint('dim', label.padEnd(9))} ${text}`);
}

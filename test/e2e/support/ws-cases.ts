import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One message of a client, and what is to become of it. */
export interface Step {
  readonly send: string;
  /** What the provider gets; `same` means byte for byte as sent. Of no meaning where the message is stopped. */
  readonly output?: string;
  readonly action?: string | null;
  /** The code of a refusal. */
  readonly code?: string;
  /** The message of a block. */
  readonly message?: string;
  /** The captured model behind this step; empty where there is none. */
  readonly captured_model?: string;
  /** The tier by which the latest turn is billed behind this step. */
  readonly billing_tier?: string | null;
}

/** A case of the vectors that is one socket. */
export interface SocketCase {
  readonly id: string;
  readonly kind: string;
  readonly policy: unknown;
  readonly steps: readonly Step[];
  /** What the provider answers, in order; undefined where it repeats what it gets. */
  readonly answers: readonly string[] | undefined;
}

interface Expectation {
  readonly action?: string | null;
  readonly output?: string;
  readonly code?: string;
  readonly message?: string;
}

interface EndToEndExpectation {
  readonly upstream_receives: readonly string[];
  readonly close_code?: number;
  readonly error_event?: Readonly<Record<string, string>>;
}

interface VectorCase {
  readonly id: string;
  readonly kind: string;
  readonly policy: unknown;
  readonly input?: string;
  readonly steps?: readonly Step[];
  readonly client_sends?: readonly string[];
  readonly upstream_answers?: readonly string[];
  readonly expect?: Expectation & EndToEndExpectation;
  readonly strict?: Expectation & { readonly steps?: readonly Step[] };
}

/** How many cases of each kind the vectors hold, so that none gets lost. */
const COUNTS: Readonly<Record<string, number>> = {
  frame: 19,
  session: 6,
  billing: 3,
  websocket_end_to_end: 2,
};

/** Every case of the vectors that is one socket. @throws Error where a kind has not as many as it should */
export function socketCases(preset: 'compatible' | 'strict'): readonly SocketCase[] {
  const path = join(import.meta.dirname, '../../vectors/seed.json');
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { readonly cases: readonly VectorCase[] };
  for (const [kind, count] of Object.entries(COUNTS)) {
    const found = cases.filter((one) => one.kind === kind).length;
    if (found !== count) throw new Error(`seed.json: ${found} cases of ${kind}, not ${count}`);
  }
  return cases.filter(({ kind }) => kind in COUNTS).map((one) => socketCase(one, preset === 'strict'));
}

function socketCase(one: VectorCase, strict: boolean): SocketCase {
  const { id, kind, policy } = one;
  return { id, kind, policy, steps: stepsOf(one, strict), answers: one.upstream_answers };
}

function stepsOf(
  { input, steps, client_sends, expect, strict }: VectorCase,
  isStrict: boolean,
): readonly Step[] {
  if (steps !== undefined) return (isStrict ? strict?.steps : undefined) ?? steps;
  if (input !== undefined) return [{ send: input, ...((isStrict ? strict : undefined) ?? expect) }];
  return (client_sends ?? []).map((send, index) => {
    if (expect?.close_code === undefined) return { send, output: expect?.upstream_receives[index] ?? '' };
    return { send, action: 'block', message: expect.error_event?.['error.message_contains'] ?? '' };
  });
}

/** Whether a message does not go on, and the socket ends. */
export function isStopped({ action }: Step): boolean {
  return action === 'block' || action === 'refuse';
}

/** What the provider gets of a socket, in order. */
export function outputsOf({ steps }: SocketCase): readonly string[] {
  return steps
    .filter((step) => !isStopped(step))
    .map(({ send, output }) => (output === 'same' ? send : (output ?? '')));
}

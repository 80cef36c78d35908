import type { LookUpResult } from '../../../src/exchange/events.ts';
import { COMPATIBLE, STRICT } from '../../../src/policy/strictness.ts';
import { environmentOf, policyOf, routeOf, TestBudget } from '../support/environment.ts';
import { SocketBench, type SocketOptions } from './bench.ts';
import { turn } from './dialogue.ts';
import { frame } from './frames.ts';

/** The handshake of a client that names its session. */
export const NAMED = [
  ['authorization', 'Bearer sk-one'],
  ['session_id', 'the name'],
] as const;

/** `priority` is blocked for one model, and passes with every other: a model that cannot be known is blocked by the strict row alone. */
const RULES = [
  {
    name: 'not-secret',
    service_tier: 'priority',
    action: 'block',
    scope: 'all',
    model_whitelist: ['secret'],
    fallback_action: 'pass',
  },
  { name: 'no-ultrafast', service_tier: 'ultrafast', action: 'block', scope: 'all' },
];

/** A pair of each kind of direction. */
export const PAIRS = [
  { request: 'STREAMED', response: 'STREAMED' },
  { request: 'FULL_DUPLEX_STREAMED', response: 'FULL_DUPLEX_STREAMED' },
] as const;

export interface Options extends SocketOptions {
  readonly strict?: boolean;
  readonly held?: TestBudget;
}

/** A socket whose client names a session, with rules that tell what it was judged by. */
export function socketOf({ strict = false, held = new TestBudget(), ...options }: Options = {}): SocketBench {
  const defaults = strict
    ? routeOf({ strictness: STRICT, strictnessName: 'strict' })
    : routeOf({ strictness: COMPATIBLE, strictnessName: 'compatible' });
  const environment = environmentOf(
    { sessions: { headers: ['session_id', 'x-other'] }, defaults },
    { policy: policyOf(RULES), held },
  );
  return new SocketBench({ environment, lines: NAMED, ...options });
}

/** The answer to the look-up comes. */
export const lookedUp = (bench: SocketBench, result: LookUpResult): void =>
  bench.event({ kind: 'looked_up', result });
/** The look-up has found a model. */
export const found = (model: string): LookUpResult => ({ kind: 'found', model });
/** A turn for `priority` without a model. */
export const ASK = frame(turn({ service_tier: 'priority' }));
/** The same with one. */
export const asks = (model: string): Buffer => frame(turn({ service_tier: 'priority', model }));
/** What became of each turn, and the model that it was judged by. */
export const actions = (bench: SocketBench) =>
  bench.decisions.map(({ action, model_asked }) => [action, model_asked]);

import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/exchange/decision.ts';
import { createExchangeFactory } from '../../src/exchange/exchange-factory.ts';
import { COMPATIBLE, STRICT } from '../../src/policy/strictness.ts';
import { readCases, type VectorCase } from '../vectors/read-vectors.ts';
import { SocketBench } from './socket/bench.ts';
import { frame } from './socket/frames.ts';
import { environmentOf, policyOf, routeOf, type TestEnvironment } from './support/environment.ts';
import { NO_CONTEXT, openingOf } from './support/envoy.ts';

const PRESETS = { compatible: COMPATIBLE, strict: STRICT } as const;

const CASES = [
  ...readCases('seed', 'body', 10),
  ...readCases('companion', 'rule', 48),
  ...readCases('companion', 'refused_body', 16),
].filter(({ path = '/v1/responses' }) => path === '/v1/responses');

function environmentFor({ policy, scope, user }: VectorCase, preset: keyof typeof PRESETS): TestEnvironment {
  const { rules } = policy as { readonly rules: readonly Record<string, unknown>[] };
  const metadata = (key: string) => ({ kind: 'metadata', key, map: undefined }) as const;
  return environmentOf(
    {
      defaults: routeOf({ strictness: PRESETS[preset], strictnessName: preset }),
      identity: {
        scope: { sources: [metadata('scope')], default: scope === undefined ? 'apikey' : undefined },
        user: { sources: user === undefined ? [] : [metadata('user')] },
      },
    },
    { policy: policyOf(rules) },
  );
}

function metadataOf({ scope, user }: VectorCase): ReadonlyMap<string, string> {
  const entries: [string, string][] = [];
  if (typeof scope === 'string') entries.push(['scope', scope]);
  if (user !== undefined) entries.push(['user', user]);
  return new Map(entries);
}

/** The message of a turn with the members of an HTTP body; what is no object stays as it is. */
function asTurn(input: string): string {
  return input.replace(/^\{\s*(\})?/, (_, end?: string) => `{"type":"response.create"${end ?? ','}`);
}

function overHttp(vector: VectorCase, body: string, preset: keyof typeof PRESETS): Decision | undefined {
  const opening = { ...openingOf('FULL_DUPLEX_STREAMED'), metadata: metadataOf(vector) };
  const headers = [
    { name: ':method', value: 'POST' },
    { name: ':path', value: '/v1/responses' },
  ];
  const head = {
    kind: 'headers',
    direction: 'request',
    headers,
    endOfStream: false,
    context: NO_CONTEXT,
  } as const;
  const bytes = Buffer.from(body);
  const chunk = {
    kind: 'body',
    direction: 'request',
    bytes,
    endOfStream: true,
    context: NO_CONTEXT,
  } as const;
  const exchange = createExchangeFactory(environmentFor(vector, preset))(opening, head, 0);
  const effects = [...exchange.handle(head, 0), ...exchange.handle(chunk, 0)];
  return effects.find((effect) => effect.kind === 'decision')?.decision;
}

function overSocket(vector: VectorCase, body: string, preset: keyof typeof PRESETS): Decision | undefined {
  const environment = environmentFor(vector, preset);
  const bench = new SocketBench({ environment, metadata: metadataOf(vector) });
  bench.clientSends(frame(body, { opcode: 2 }));
  return bench.decisions[0];
}

/** What must be the same on both ways. */
function verdictOf(decision: Decision | undefined) {
  if (decision === undefined) return undefined;
  const { transport, session, captured_model, stream_id, id, time, duration_ms, request_id, ...verdict } =
    decision;
  return verdict;
}

describe.each(['compatible', 'strict'] as const)(
  'one case list over HTTP and over a socket, %s',
  (preset) => {
    it.each(CASES)('$kind $id: the same decision', (vector) => {
      const body = asTurn(vector.input);
      const http = overHttp(vector, body, preset);
      expect(http).toBeDefined();
      expect(verdictOf(overSocket(vector, body, preset))).toEqual(verdictOf(http));
    });
  },
);

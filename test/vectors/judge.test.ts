import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { judge } from '../../src/exchange/judge.ts';
import type { JudgeInput, Judgement } from '../../src/exchange/judgement.ts';
import { errorEvent, judgeMessage } from '../../src/exchange/socket/turn.ts';
import { COMPATIBLE, STRICT } from '../../src/policy/strictness.ts';
import { judgeInput } from '../exchange/judge-input.ts';
import { type Expectation, readCases, type VectorCase } from './read-vectors.ts';

const PRESETS = { compatible: COMPATIBLE, strict: STRICT } as const;
type Preset = keyof typeof PRESETS;

/** The input of a case. Its model is the one that the exchange would know; a body's own comes first. */
function inputOf(vector: VectorCase, preset: Preset): JudgeInput {
  const { scope, user, model, headers } = vector;
  return judgeInput({
    policy: vector.policy,
    route: { strictness: PRESETS[preset], strictnessName: preset },
    scope: scope === null ? { kind: 'untold' } : { kind: 'known', name: scope ?? 'apikey' },
    user,
    path: vector.path ?? '/v1/responses',
    dialect: vector.kind === 'anthropic_fast_mode' ? anthropicMessages : openAiResponses,
    body: vector.input,
    fallbackModel: model === undefined ? { kind: 'absent' } : { kind: 'known', word: model },
    ...(headers === undefined ? {} : { headers }),
  });
}

function expectationOf(vector: VectorCase, preset: Preset): Expectation {
  return preset === 'strict' ? (vector.strict ?? vector.expect) : vector.expect;
}

/** Holds a judgement against what a case expects, to the byte. */
function check(judgement: Judgement, vector: VectorCase, expected: Expectation): void {
  const { action, code, message, output = 'same' } = expected;
  expect(judgement.action).toBe(action ?? 'pass');
  if (code !== undefined) expect(judgement.code).toBe(code);
  if (message !== undefined) expect(judgement.message).toBe(message);
  if (action === 'block') expect(judgement.code).toBe('policy_violation');
  expect(judgement.body?.toString() ?? 'same').toBe(output === vector.input ? 'same' : output);
}

describe.each(['compatible', 'strict'] as const)('vectors under %s', (preset) => {
  const bodies = [
    ...readCases('seed', 'body', 10),
    ...readCases('companion', 'rule', 48),
    ...readCases('companion', 'refused_body', 16),
  ];

  it.each(bodies)('$kind $id', (vector) => {
    check(judge(inputOf(vector, preset)), vector, expectationOf(vector, preset));
  });

  it.each(readCases('companion', 'rule', 48))('rule $id as a message', (vector) => {
    const asMessage = (text: string) => text.replace('{', '{"type":"response.create",');
    const expected = expectationOf(vector, preset);
    const { output = 'same' } = expected;
    const input = asMessage(vector.input);
    const { kind, judgement } = judgeMessage(inputOf({ ...vector, input }, preset));
    expect(kind).toBe('turn');
    check(
      judgement,
      { ...vector, input },
      {
        ...expected,
        // With nothing left beside it, the type needs no comma.
        output: output === 'same' ? output : asMessage(output).replace(',}', '}'),
      },
    );
  });

  it.each(readCases('seed', 'frame', 19))('frame $id', (vector) => {
    const expected = expectationOf(vector, preset);
    const { kind, judgement } = judgeMessage(inputOf(vector, preset));
    check(judgement, vector, expected);
    const isTurn = expected.action !== null && expected.code !== 'missing_type';
    expect(kind).toBe(isTurn ? 'turn' : 'other');
  });

  it.each(readCases('seed', 'anthropic_fast_mode', 1))('anthropic_fast_mode $id', (vector) => {
    const expected = expectationOf(vector, preset);
    const judgement = judge(inputOf(vector, preset));
    check(judgement, vector, expected);
    expect(judgement.tierAsked).toBe(expected.tier_requested);
    expect(expected.upstream_header_anthropic_beta).toBeNull();
    expect(judgement.headers).toEqual({ remove: ['anthropic-beta'], set: [], append: [] });
  });
});

describe('error events', () => {
  const [first, second] = readCases('seed', 'error_event', 2);

  function build(message: string | undefined, id = randomBytes(16).toString('hex')) {
    return JSON.parse(
      errorEvent({
        id,
        message: message ?? '',
        code: 'policy_violation',
        type: 'invalid_request_error',
        status: 400,
        streamId: undefined,
      }),
    ) as { event_id: string; type: string; error: Record<string, unknown> };
  }

  it('E1 has the members that clients read', () => {
    const event = build(first?.message);
    const expected = first?.expect as unknown as Readonly<Record<string, string>>;
    expect(event.event_id).toMatch(new RegExp(expected['event_id'] ?? 'none'));
    expect(event.type).toBe(expected['type']);
    for (const member of ['type', 'code', 'message']) {
      expect(event.error[member]).toBe(expected[`error.${member}`]);
    }
  });

  it('E2 has its own id each time', () => {
    const count = (second?.expect as { distinct_event_ids?: number } | undefined)?.distinct_event_ids;
    const ids = Array.from({ length: count ?? 0 }, () => build(second?.message).event_id);
    expect(new Set(ids).size).toBe(1000);
  });
});

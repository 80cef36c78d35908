import { describe, expect, it } from 'vitest';
import { errorEvent, judgeMessage } from '../../../src/exchange/socket/turn.ts';
import { STRICT } from '../../../src/policy/strictness.ts';
import { type JudgeCase, judgeInput } from '../judge-input.ts';

function run(body: string | Buffer | undefined, given: JudgeCase = {}) {
  return judgeMessage(judgeInput({ ...given, body }));
}

const STRICTLY: JudgeCase = { route: { strictness: STRICT } };

describe('judgeMessage', () => {
  it.each(['response.create', ' response.create ', '\\u0072esponse.create', '\\u0085response.create\\u2028'])(
    'takes a message of the type "%s" for a turn',
    (type) => {
      const { kind, judgement, model } = run(`{"type":"${type}","model":" m ","service_tier":"fast"}`);
      expect(kind).toBe('turn');
      expect(model).toBe('m');
      expect(judgement.body?.toString()).toBe(`{"type":"${type}","model":" m "}`);
    },
  );

  it.each([
    '"response.cancel"',
    '"Response.Create"',
    '"response.create\\u0000"',
    '"\\ufeffresponse.create"',
    '"session.created"',
  ])('lets a message of the type %s pass', (type) => {
    const { kind, judgement, model } = run(
      `{"type":${type},"service_tier":"fast","session":{"model":"m"}}`,
      STRICTLY,
    );
    expect(kind).toBe('other');
    expect(judgement).toMatchObject({ action: 'pass', body: undefined, claims: [] });
    expect(model).toBeUndefined();
  });

  it.each([
    '{"a":1}',
    '{"type":""}',
    '{"type":"  "}',
    '{"type":null}',
    '{"type":7}',
    '{"type":["response.create"]}',
  ])('reads %s by the strictness of the route', (text) => {
    expect(run(text)).toMatchObject({ kind: 'other', judgement: { action: 'pass' } });
    expect(run(text, STRICTLY)).toMatchObject({
      kind: 'other',
      judgement: { action: 'refuse', code: 'missing_type', enforced: true },
    });
    const reported: JudgeCase = { route: { strictness: STRICT, enforcement: 'report' } };
    expect(run(text, reported).judgement).toMatchObject({ code: 'missing_type', enforced: false });
  });

  it.each([undefined, ''])('lets the empty message %j pass', (body) => {
    expect(run(body, STRICTLY)).toMatchObject({ kind: 'other', judgement: { action: 'pass' } });
  });

  it.each([
    ['{"session":{"model":" gpt-5.5 "}}', 'gpt-5.5'],
    ['{"model":"gpt-4o","session":{"voice":"alloy"}}', undefined],
    ['{"session":{"model":""}}', undefined],
    ['{"session":"gpt-5.5"}', undefined],
  ])('tells the model of a session.update %s', (fields, model) => {
    const text = `{"type":"session.update",${fields.slice(1)}`;
    expect(run(text)).toMatchObject({ kind: 'session.update', model, judgement: { action: 'pass' } });
  });

  it.each([
    ['{"type":"response.create"', 'malformed_json'],
    [Buffer.from('{"type":"response.create\xff"}', 'latin1'), 'malformed_json'],
    ['{"type":"response.create"} {}', 'malformed_json'],
    ['{"type":"x","type":"response.create"}', 'ambiguous_member'],
    ['{"t\\u0079pe":"x","type":"response.create"}', 'ambiguous_member'],
    ['{"type":"x","Model":"m"}', 'ambiguous_member'],
    ['{"type":"x","session":{"model":"a","model":"b"}}', 'ambiguous_member'],
    ['{"type":"x","session":{},"session":{"model":"b"}}', 'ambiguous_member'],
    ['{"type":"x","response":{"service_tier":"a","service_tier":"b"}}', 'ambiguous_member'],
    ['{"type":"x","session":{"model":"\\ud800"}}', 'malformed_json'],
    ['{"type":"response.create","service_tier":"\\ud800"}', 'malformed_json'],
  ])('refuses %s', (body, code) => {
    expect(run(body)).toMatchObject({
      kind: 'other',
      judgement: { action: 'refuse', code, body: undefined },
      model: undefined,
    });
  });

  it('takes the model of the turn, else the captured one, else that of the URL', () => {
    const policy = {
      rules: [{ service_tier: 'priority', action: 'filter', scope: 'all', model_whitelist: ['right'] }],
    };
    const path = '/v1/responses?x=1&model=right';
    const captured = (word: string) => ({ fallbackModel: { kind: 'known', word } }) as const;
    const turn = (fields = '') => `{"type":"response.create",${fields}"service_tier":"priority"}`;
    const actionOf = (text: string, given: JudgeCase) => run(text, { policy, ...given }).judgement.action;

    expect(actionOf(turn('"model":"right",'), captured('wrong'))).toBe('filter');
    expect(actionOf(turn('"model":"wrong",'), { ...captured('right'), path })).toBe('pass');
    expect(actionOf(turn(), captured('right'))).toBe('filter');
    expect(actionOf(turn(), { ...captured('wrong'), path })).toBe('pass');
    expect(actionOf(turn(), { path })).toBe('filter');
    expect(actionOf(turn(), { path: `${path}&model=right` })).toBe('filter');
    expect(actionOf(turn(), { path: `${path}&model=wrong` })).toBe('pass');
    expect(actionOf(turn(), { path: '/v1/responses?model=' })).toBe('pass');
    expect(run(turn(), { policy, path }).model).toBeUndefined();
  });

  it('reads a model that cannot be had strictly, whatever the URL says', () => {
    const policy = {
      rules: [{ service_tier: 'priority', action: 'filter', scope: 'all', model_whitelist: ['right'] }],
    };
    const { judgement } = run('{"type":"response.create","service_tier":"priority"}', {
      policy,
      path: '/v1/responses?model=wrong',
      fallbackModel: { kind: 'unavailable' },
    });
    expect(judgement.action).toBe('filter');
  });

  it('does not judge the headers of the handshake again', () => {
    const headers = { 'x-codex-routing-hint': 'tier=priority' };
    const { judgement } = run('{"type":"response.create","service_tier":"flex"}', { headers });
    expect(judgement).toMatchObject({ action: 'pass', headers: { remove: [], set: [] } });
  });

  it.each([
    ['"lane-1.a_B"', 'lane-1.a_B'],
    [`"${'x'.repeat(256)}"`, 'x'.repeat(256)],
    [`"${'x'.repeat(257)}"`, undefined],
    ['"<b>"', undefined],
    ['""', undefined],
    ['5', undefined],
  ])('tells the lane %s', (value, streamId) => {
    const text = `{"type":"response.create","stream_id":${value}}`;
    expect(run(text).streamId).toBe(streamId);
    expect(run(`{"stream_id":${value}}`, STRICTLY).streamId).toBe(streamId);
    expect(run(`{"stream_id":${value},"model":"\\ud800"}`).streamId).toBe(streamId);
  });
});

describe('errorEvent', () => {
  const event = {
    id: '0123456789abcdef0123456789abcdef',
    message: 'no "fast" é',
    code: 'policy_violation',
    type: 'invalid_request_error',
    status: 400,
    streamId: undefined,
  };
  const text =
    '{"event_id":"evt_0123456789abcdef0123456789abcdef","type":"error","status":400,"error":{"type":"invalid_request_error","code":"policy_violation","message":"no \\"fast\\" é","param":"service_tier"}}';

  it('is the event of OpenAI with a status', () => {
    expect(errorEvent(event)).toBe(text);
  });

  it('names the lane of the message', () => {
    expect(errorEvent({ ...event, streamId: 'a' })).toBe(`${text.slice(0, -1)},"stream_id":"a"}`);
  });
});

import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { environmentOf, policyOf } from '../support/environment.ts';
import { playRequest } from '../support/envoy.ts';

const HINT = 'x-codex-routing-hint';
const hinted = (tier: string, chunks?: readonly string[]) => ({
  headers: [[HINT, `model=gpt-allowed-1;tier=${tier}`]] as const,
  ...(chunks === undefined ? {} : { chunks, method: 'POST' }),
});

function hintOf(outcome: ReturnType<typeof playRequest>): readonly string[] {
  return (outcome.upstream?.headers ?? []).filter((line) => line.name === HINT).map((line) => line.value);
}

const BODY = ['{"model":"gpt-allowed-1",', '"input":1}'];

describe.each(['BUFFERED', 'FULL_DUPLEX_STREAMED'] as const)('a tier in a header, %s', (mode) => {
  test('is judged with the model of the body, and edited with the verdict', () => {
    expect(hintOf(playRequest(environmentOf(), mode, hinted('priority', BODY)))).toEqual([
      'model=gpt-allowed-1;tier=priority',
    ]);
    const other = playRequest(environmentOf(), mode, hinted('priority', ['{"model":"gpt-5","input":1}']));
    expect(hintOf(other)).toEqual(['model=gpt-allowed-1']);
    expect(other.decisions).toMatchObject([{ action: 'filter', claims: [{ carrier: `header:${HINT}` }] }]);
  });
});

describe('a tier in a header, STREAMED', () => {
  test('is judged before the body, strictly, as its model is not known', () => {
    const outcome = playRequest(environmentOf(), 'STREAMED', hinted('priority', BODY));
    // The rule passes priority for this model, but the header went on before the model was known.
    expect(hintOf(outcome)).toEqual(['model=gpt-allowed-1']);
    expect(outcome.upstream?.body.toString()).toBe(BODY.join(''));
    expect(outcome.decisions).toMatchObject([
      {
        action: 'filter',
        rule: 'some-priority',
        model_asked: 'gpt-allowed-1',
        tier_asked: 'priority',
        tier_sent: undefined,
        claims: [{ carrier: `header:${HINT}`, action: 'filter' }],
      },
    ]);
  });

  test('is refused at the header message where it is blocked', () => {
    const outcome = playRequest(environmentOf(), 'STREAMED', hinted('ultrafast', BODY));
    expect(outcome.replies).toEqual([]);
    expect(outcome.immediate).toMatchObject({ status: 403, details: 'tiergate_policy_violation' });
    expect(outcome.decisions).toMatchObject([{ action: 'block', bytes: 0, rule: 'no-ultrafast' }]);
  });

  test('and a stricter outcome of the body stands', () => {
    const body = ['{"model":"gpt-5","service_tier":"ultrafast"}'];
    const outcome = playRequest(environmentOf(), 'STREAMED', hinted('priority', body));
    expect(outcome.immediate?.details).toBe('tiergate_policy_violation');
    expect(outcome.decisions).toMatchObject([{ action: 'block', tier_asked: 'ultrafast' }]);
    expect(outcome.decisions[0]?.claims).toHaveLength(2);
  });

  test('does not make a body without a tier one that misses it', () => {
    const rules = [
      { service_tier: 'priority', action: 'pass', scope: 'all' },
      { service_tier: 'missing', action: 'block', scope: 'all' },
    ];
    const environment = environmentOf({}, { policy: policyOf(rules) });
    expect(playRequest(environment, 'STREAMED', hinted('priority', BODY)).upstream).toBeDefined();
    const without = playRequest(environment, 'STREAMED', { chunks: BODY });
    expect(without.immediate?.details).toBe('tiergate_policy_violation');
    expect(without.replies.map((reply) => reply.kind)).toEqual(['headers', 'body']);
  });

  test('the header reply says that the body comes decoded and with any length', () => {
    const outcome = playRequest(environmentOf(), 'STREAMED', {
      chunks: [gzipSync('{"model":"gpt-5"}')],
      headers: [['content-encoding', 'gzip']],
    });
    expect(outcome.replies[0]).toMatchObject({
      kind: 'headers',
      edits: { remove: ['content-encoding', 'content-length'], set: [], append: [] },
    });
    expect(outcome.upstream?.body.toString()).toBe('{"model":"gpt-5"}');
  });
});

test.each(['BUFFERED', 'STREAMED', 'FULL_DUPLEX_STREAMED'] as const)(
  'headers alone are judged and edited at once in %s',
  (mode) => {
    const outcome = playRequest(environmentOf(), mode, hinted('flex'));
    expect(hintOf(outcome)).toEqual(['model=gpt-allowed-1;tier=default']);
    expect(outcome.decisions).toMatchObject([{ action: 'force', rule: 'slow-flex' }]);
    expect(outcome.replies).toHaveLength(1);
    expect(outcome.metadata).toMatchObject({ action: 'force' });
    expect(playRequest(environmentOf(), mode, hinted('ultrafast')).immediate?.status).toBe(403);
  },
);

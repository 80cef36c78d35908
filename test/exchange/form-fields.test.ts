import { describe, expect, test } from 'vitest';
import { hasFormField } from '../../src/exchange/form-fields.ts';
import { judge } from '../../src/exchange/judge.ts';
import { judgeInput } from './judge-input.ts';

const MEMBERS = ['service_tier', 'fallbacks[].speed'];
const has = (text: string) => hasFormField(Buffer.from(text), MEMBERS);

describe('fields of a form in a JSON text', () => {
  test.each([
    '&service_tier=priority&',
    ';service_tier=priority',
    '&%73ervice%5Ftier=priority',
    '&+Service_Tier+=priority',
    '&service.tier=priority',
    '&service[tier=priority',
    '&service_tier[]=priority',
    '&a=b&fallbacks[0][speed]=fast',
  ])('are found: %s', (text) => {
    expect(has(`{"input":"${text}"}`)).toBe(true);
  });

  test.each([
    'service_tier=priority',
    'a & b',
    '&service_tier',
    '&my_service_tier_2=x',
    '&speed=fast',
    '&=&',
  ])('are not there: %s', (text) => {
    expect(has(`{"input":"${text}"}`)).toBe(false);
  });

  test('more of them than anybody sends count as one that is named so', () => {
    expect(has(`{"input":"${'&a=b'.repeat(100_000)}"}`)).toBe(false);
    expect(has(`{"input":"${'&a=b'.repeat(100_001)}"}`)).toBe(true);
  });
});

describe('a body that is JSON and a form', () => {
  const body = '{"model":"gpt-5.5","input":"&model=gpt-5.5&service_tier=priority&input=hi"}';
  const form = { 'content-type': 'application/x-www-form-urlencoded' };

  test('is refused where the content type lets a server choose the form', () => {
    expect(judge(judgeInput({ body, headers: form }))).toMatchObject({
      action: 'refuse',
      code: 'ambiguous_member',
      message: expect.not.stringContaining('priority'),
    });
  });

  test('passes as JSON, and JSON without such a field passes as a form', () => {
    expect(judge(judgeInput({ body, headers: { 'content-type': 'application/json' } })).action).toBe('pass');
    const plain = '{"model":"gpt-5.5","input":"a=b&model=c&d=e"}';
    expect(judge(judgeInput({ body: plain, headers: form })).action).toBe('pass');
  });
});

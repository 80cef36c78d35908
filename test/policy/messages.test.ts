import { describe, expect, it } from 'vitest';
import { claim, judge, modelOf, rule } from './support.ts';

function messageOf(template: string | undefined, model = 'gpt-5.5', name = 'r'): string | undefined {
  const rules = [
    rule({ action: 'block', name, ...(template === undefined ? {} : { error_message: template }) }),
  ];
  return judge(rules, { claims: [claim('priority', modelOf(model))] }).decisive?.message;
}

describe('the message of a block', () => {
  it('fills in {tier}, {model} and {rule}, each as often as it stands', () => {
    expect(messageOf('{tier}/{model}/{rule}/{tier}')).toBe('priority/gpt-5.5/r/priority');
  });

  it('keeps every other text', () => {
    const text = ' {} {Tier} {user} $& {tier $1 \n{{model}} ';
    expect(messageOf(text)).toBe(text.replace('{model}', 'gpt-5.5'));
  });

  it('does not fill in what it has filled in', () => {
    expect(messageOf('{model}', '{rule} $&')).toBe('{rule} $&');
  });

  it.each(['', '  ', undefined])('is the built one for the blank text %j', (template) => {
    expect(messageOf(template)).toBe('openai service_tier=priority is not allowed for model gpt-5.5');
  });

  it.each([
    ['unknown', 'openai service_tier is not a known tier, which is not allowed for model gpt-5.5'],
    ['invalid', 'openai service_tier is not a text, which is not allowed for model gpt-5.5'],
  ] as const)('names the oddity of an %s tier', (odd, message) => {
    const rules = [rule({ service_tier: odd, action: 'block' })];
    expect(judge(rules, { claims: [claim(odd)] }).decisive?.message).toBe(message);
  });

  it('cuts a long model at the edge of a character', () => {
    expect(messageOf('{model}', 'm'.repeat(128))).toBe('m'.repeat(128));
    expect(messageOf('{model}', 'm'.repeat(129))).toBe(`${'m'.repeat(128)}…`);
    expect(messageOf('{model}', `${'m'.repeat(127)}😀x`)).toBe(`${'m'.repeat(127)}…`);
    expect(messageOf('{model}', `${'m'.repeat(126)}😀x`)).toBe(`${'m'.repeat(126)}😀…`);
  });

  it('is there only for a block', () => {
    const rules = [rule({ action: 'filter', error_message: 'never' })];
    expect(judge(rules).decisive?.message).toBeUndefined();
  });
});

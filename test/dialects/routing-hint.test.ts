import { describe, expect, it } from 'vitest';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { rule, runDialect } from './run-dialect.ts';

const NAME = 'x-codex-routing-hint';
const BODY = '{"model":"gpt-5.5"}';

function run(lines: readonly string[], fields: Partial<Parameters<typeof runDialect>[0]> = {}) {
  return runDialect({ dialect: openAiResponses, body: BODY, header: { name: NAME, lines }, ...fields });
}

describe('x-codex-routing-hint', () => {
  it('is a claim with the model of the body', () => {
    const { claims, words } = run(['model=gpt-4o;tier=Fast']);
    expect(claims).toEqual([`header:${NAME}=priority@gpt-5.5`]);
    expect(words).toEqual(['Fast']);
  });

  it('names the model only where nothing else does', () => {
    const lines = ['tier=flex; model=gpt-4o'];
    expect(run(lines, { body: '{}' }).claims).toEqual([`header:${NAME}=flex@gpt-4o`]);
    expect(run(lines, { body: undefined }).claims).toEqual([`header:${NAME}=flex@gpt-4o`]);
    expect(run(lines, { body: undefined }).model).toEqual({ kind: 'absent' });
    const unavailable = run(lines, { body: undefined, fallbackModel: { kind: 'unavailable' } });
    expect(unavailable.claims).toEqual([`header:${NAME}=flex@-`]);
    const captured = run(lines, { body: '{}', fallbackModel: { kind: 'known', word: 'gpt-5' } });
    expect(captured.claims).toEqual([`header:${NAME}=flex@gpt-5`]);
  });

  it.each([
    [['model=m;tier=priority'], ['model=m']],
    [['model=m ; Tier = FAST '], ['model=m']],
    [['tier=priority;model=m'], ['model=m']],
    [['model=m;tier="fast";x=1'], ['model=m;x=1']],
    [
      ['model=m;tier=fast', 'model=n;tier=priority'],
      ['model=m', 'model=n'],
    ],
    [['model=m;tier=fast, model=n;tier=flex'], ['model=m, model=n;tier=flex']],
    [['tier=fast, model=n'], ['model=n']],
    [['tier=fast'], []],
    [['tier=fast', ' odd ;; line'], [' odd ;; line']],
    [['junk;tier=fast;tier=priority'], ['junk']],
  ])('filter cuts the tier of %j', (lines, expected) => {
    expect(run(lines, { rules: [rule()] }).lines).toEqual(expected);
  });

  it.each([
    [['model=m']],
    [[' model = m ;']],
    [['garbage']],
    [['']],
    [['model=m;tier']],
    [['model=m;tier=flex']],
  ])('keeps every byte of %j where nothing is to change', (lines) => {
    expect(run(lines, { rules: [rule()] }).lines).toEqual(lines);
  });

  it('rewrites an alias on pass and keeps a word that it does not know', () => {
    const result = run(['model=m; tier= Fast ;x=1', 'model=m;tier=turbo', 'tier=priority']);
    expect(result.lines).toEqual(['model=m; tier=priority;x=1', 'model=m;tier=turbo', 'tier=priority']);
    expect(result.sent).toEqual(['priority', undefined, 'priority']);
  });

  it('is refused for an unknown tier where unknown tiers are', () => {
    expect(run(['model=m;tier=turbo'], { strict: true }).action).toBe('refuse');
  });

  it('loses its tier when that of the body is filtered', () => {
    const body = '{"service_tier":"fast"}';
    const result = run(['model=m;tier=flex'], { body, rules: [rule()] });
    expect(result.lines).toEqual(['model=m']);
    expect(result.sent).toEqual([undefined, undefined]);
    expect(run(['model=m;tier=flex'], { body, rules: [rule()], filter: 'default' })).toMatchObject({
      text: '{"service_tier":"default"}',
      lines: ['model=m'],
      sent: ['default', undefined],
    });
  });

  it('keeps an allowed tier beside a filtered one of the header', () => {
    const result = run(['model=m;tier=fast'], { body: '{"service_tier":"flex"}', rules: [rule()] });
    expect(result).toMatchObject({
      text: '{"service_tier":"flex"}',
      lines: ['model=m'],
      sent: ['flex', undefined],
    });
  });

  it('gets the tier that is forced on the body', () => {
    const rules = [rule({ action: 'force', force_tier: 'default' })];
    const body = '{"service_tier":"fast"}';
    const lines = ['model=m;tier=flex', 'model=m', 'garbage'];
    const result = run(lines, { body, rules });
    expect(result.lines).toEqual(['model=m;tier=default', 'model=m;tier=default', 'garbage']);
    expect(result.sent).toEqual(['default', 'default']);
  });

  it('gets the tier of a rule for missing', () => {
    const rules = [rule({ service_tier: 'missing', action: 'force', force_tier: 'priority' })];
    const result = run(['model=m'], { rules });
    expect(result.lines).toEqual(['model=m;tier=priority']);
    expect(result.text).toBe('{"model":"gpt-5.5","service_tier":"priority"}');
  });

  it('takes the body along when only its own tier is forced', () => {
    const rules = [rule({ action: 'force', force_tier: 'default' })];
    const lines = ['model=m;tier=fast'];
    expect(run(lines, { rules })).toMatchObject({
      text: '{"model":"gpt-5.5","service_tier":"default"}',
      lines: ['model=m;tier=default'],
      sent: ['default'],
    });
    expect(run(lines, { rules, body: '{"service_tier":null}' })).toMatchObject({
      text: '{"service_tier":"default"}',
      sent: ['default', 'default'],
    });
    expect(run(lines, { rules, body: '{"service_tier":"flex"}' })).toMatchObject({
      text: '{"service_tier":"flex"}',
      sent: ['flex', 'default'],
    });
    expect(run(lines, { rules, body: undefined })).toMatchObject({ lines: ['model=m;tier=default'] });
  });

  it('is not forced where the body is filtered', () => {
    const rules = [rule(), rule({ service_tier: 'flex', action: 'force', force_tier: 'default' })];
    const result = run(['model=m;tier=flex'], { body: '{"service_tier":"fast"}', rules });
    expect(result).toMatchObject({ action: 'filter', text: '{}', lines: ['model=m'] });
    const both = run(['model=m'], {
      body: '{"service_tier":"fast","response":{"service_tier":"flex"}}',
      members: openAiResponses.messageMembers,
      rules,
    });
    expect(both).toMatchObject({ text: '{"response":{"service_tier":"default"}}', lines: ['model=m'] });
  });
});

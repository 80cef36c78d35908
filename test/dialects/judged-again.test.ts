import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { type DialectRun, rule, runDialect } from './run-dialect.ts';

/** Whatever goes upstream must be what the same policy lets pass: nothing that was taken away is left in another place. */
function expectNothingLeft(run: DialectRun): void {
  const first = runDialect(run);
  if (first.unsupported !== undefined) return;
  const header = run.header && { ...run.header, lines: first.lines };
  const again: DialectRun = { ...run, body: first.text, ...(header && { header }) };
  const second = runDialect(again);
  expect({ action: second.action, text: second.text, lines: second.lines }).toEqual({
    action: 'pass',
    text: first.text,
    lines: first.lines,
  });
}

const model = fc.constantFrom('a', 'b', 'c');
const filter = fc.constantFrom('remove' as const, 'default' as const);
const rules = fc
  .array(
    fc.record({
      models: fc.subarray(['a', 'b', 'c'], { minLength: 1 }),
      outcome: fc.constantFrom({ action: 'filter' }, { action: 'force', force_tier: 'default' }),
    }),
    { maxLength: 3 },
  )
  .map((list) => list.map(({ models, outcome }) => rule({ ...outcome, model_whitelist: models })));

describe('what goes upstream', () => {
  it('of anthropic-messages passes when it is judged again', () => {
    const speed = fc.constantFrom('fast', ' FAST', 'standard', 'turbo', null, 7);
    const places = fc.record(
      {
        model,
        speed,
        service_tier: fc.constantFrom('auto', 'standard_only', null),
        fallbacks: fc.array(fc.record({ model, speed }, { requiredKeys: ['model'] }), { maxLength: 3 }),
      },
      { requiredKeys: ['model'] },
    );
    const lines = fc.array(fc.constantFrom('fast-mode-2026-02-01', 'x, fast-mode-1', 'y'), { maxLength: 2 });
    fc.assert(
      fc.property(places, lines, rules, filter, (body, tokens, list, mode) => {
        const header = { name: 'anthropic-beta', lines: tokens };
        const run = { dialect: anthropicMessages, body: JSON.stringify(body), header, filter: mode };
        expectNothingLeft({ ...run, rules: list });
      }),
      { numRuns: 1500 },
    );
  });

  it('of openai-responses passes when it is judged again', () => {
    const tier = fc.constantFrom('priority', 'fast', ' Flex ', 'turbo', 'default', null, 7);
    const hint = fc.constantFrom(
      'model=a;tier=fast',
      'tier=flex',
      'model=b',
      'tier=priority,model=c;tier=turbo',
    );
    const places = fc.record({ model, service_tier: tier }, { requiredKeys: [] });
    fc.assert(
      fc.property(places, fc.array(hint, { maxLength: 2 }), rules, filter, (body, hints, list, mode) => {
        const header = { name: 'x-codex-routing-hint', lines: hints };
        const run = { dialect: openAiResponses, body: JSON.stringify(body), header, filter: mode };
        expectNothingLeft({ ...run, rules: list });
      }),
      { numRuns: 1500 },
    );
  });
});

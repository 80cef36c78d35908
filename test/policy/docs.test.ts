import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LINT_CODES } from '../../src/policy/lint.ts';
import { MAX_POLICY_LENGTH, MAX_YAML_LENGTH, parsePolicyText } from '../../src/policy/parse.ts';
import * as schema from '../../src/policy/schema.ts';
import { COMPATIBLE, STRICT } from '../../src/policy/strictness.ts';
import type { Strictness } from '../../src/policy/types.ts';
import { validatePolicy } from '../../src/policy/validate.ts';
import { claim, judge, modelOf } from './support.ts';

const MANUAL = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');

/** The text under a heading, up to the next of its level. */
function section(heading: string): string {
  const found = MANUAL.split(/^## /m).find((part) => part.startsWith(heading));
  if (found === undefined) throw new Error(`no section ${heading}`);
  return found;
}

/** The cells of a section's table rows whose first cell is code. */
function rows(heading: string): string[][] {
  return section(heading)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(' | ')
        .map((cell) => cell.trim()),
    );
}

const firstWords = (heading: string): string[] =>
  rows(heading).map(([cell]) => cell?.replaceAll('`', '') ?? '');

const EXAMPLES = [...MANUAL.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => {
  const parsed = parsePolicyText(match[1] ?? '');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value as { rules: Record<string, unknown>[] };
});

describe('the manual of the policy', () => {
  it('has every member of a rule, in order', () => {
    expect(firstWords('Members of a rule')).toEqual(schema.RULE_FIELDS);
  });

  it('has every word of the members', () => {
    const table = section('Members of a rule');
    for (const word of [...schema.ACTION_WORDS, ...schema.SUBJECT_WORDS, ...schema.BUILT_IN_SCOPES]) {
      expect(table).toContain(`\`${word}\``);
    }
  });

  it('has every cap', () => {
    const table = section('Members of a rule');
    const caps = Object.entries(schema).filter(([name]) => name.startsWith('MAX_'));
    expect(caps).toHaveLength(8);
    for (const [, cap] of [...caps, ['', MAX_POLICY_LENGTH] as const, ['', MAX_YAML_LENGTH] as const]) {
      expect(table).toContain((cap as number).toLocaleString('en-US'));
    }
  });

  it('has every code of the linter', () => {
    expect(firstWords('Warnings of the linter')).toEqual([...LINT_CODES]);
  });

  it('has every line of the strictness with both presets', () => {
    const lines = Object.keys(COMPATIBLE) as (keyof Strictness)[];
    expect(firstWords('Odd input')).toEqual(lines);
    for (const [index, line] of lines.entries()) {
      const [, , compatible, strict] = rows('Odd input')[index] ?? [];
      expect(compatible).toContain(`\`${COMPATIBLE[line]}\``);
      expect(strict).toContain(`\`${STRICT[line]}\``);
    }
  });
});

describe('the examples of the manual', () => {
  it('are valid and have no warnings', () => {
    expect(EXAMPLES).toHaveLength(5);
    for (const example of EXAMPLES) {
      expect(validatePolicy(example, { scopes: [] })).toMatchObject({ ok: true, lint: [] });
    }
  });

  it('decide as the text says', () => {
    const [first, family, week, exception, inject] = EXAMPLES.map((example) => example.rules);
    const asks = (tier: Parameters<typeof claim>[0], model = 'gpt-5.5') => ({
      claims: [claim(tier, modelOf(model))],
    });
    expect(judge(first ?? [], asks('priority')).decisive?.message).toBe(
      'priority is not part of our plan (gpt-5.5)',
    );
    expect(judge(first ?? [], asks('ultrafast')).action).toBe('filter');
    expect(judge(family ?? [], asks('priority', 'gpt-5.5-2026-04-01')).action).toBe('pass');
    expect(judge(family ?? [], asks('priority', 'gpt-4o')).decisive?.message).toBe(
      'priority is for gpt-5.5 only, not for gpt-4o',
    );
    expect(judge(family ?? [], { claims: [] }).action).toBe('pass');
    const nameless = { claims: [claim('priority', modelOf(undefined))], strictness: STRICT };
    expect(judge(family ?? [], nameless).action).toBe('block');
    expect(judge(week ?? [], asks('priority')).decisive).toMatchObject({
      action: 'pass',
      reports: [{ rule: 'would-block', action: 'block' }],
    });
    expect(judge(exception ?? [], { ...asks('priority'), user: 'ops-7' }).action).toBe('pass');
    expect(judge(exception ?? [], { ...asks('priority'), user: '43' }).action).toBe('filter');
    for (const request of [{ claims: [] }, asks('priority')]) {
      expect(judge(inject ?? [], request).decisive).toMatchObject({ action: 'force', forceTier: 'default' });
    }
  });
});

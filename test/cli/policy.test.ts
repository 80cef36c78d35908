import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type TestTerminal, testTerminal } from './terminal.ts';

function rule(name: string): unknown {
  return { rules: [{ name, service_tier: 'priority', action: 'block', scope: 'all' }] };
}

async function put(terminal: TestTerminal, name: string, ...options: string[]): Promise<number> {
  return terminal.run('policy', 'put', terminal.write('new.json', rule(name)), ...options);
}

describe('tiergate policy', () => {
  it('gets the built-in policy where nothing is stored', async () => {
    const terminal = testTerminal();
    expect(await terminal.run('policy', 'get')).toBe(0);
    expect(JSON.parse(terminal.output).rules).toHaveLength(2);
    expect(terminal.errors).toBe('revision 0 (built_in)\n');
    expect(await terminal.run('policy', 'history')).toBe(0);
    expect(terminal.errors).toBe('no revision is stored yet\n');
  });

  it('puts, lists, rolls back and gets', async () => {
    const terminal = testTerminal();
    expect(await put(terminal, 'one', '--author', 'alice', '--note', 'first')).toBe(0);
    expect(terminal.output).toBe('revision 1 is in force\n');
    expect(await put(terminal, 'two')).toBe(0);
    expect(await terminal.run('policy', 'rollback', '1', '--author', 'bob')).toBe(0);
    expect(await terminal.run('policy', 'history')).toBe(0);
    const rows = terminal.output
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(rows.map(([revision, , author, rules, note]) => [revision, author, rules, note])).toEqual([
      ['3', 'bob', '1 rules', 'rollback to revision 1'],
      ['2', expect.any(String), '1 rules', ''],
      ['1', 'alice', '1 rules', 'first'],
    ]);
    expect(await terminal.run('policy', 'history', '--limit', '1', '--json')).toBe(0);
    expect(JSON.parse(terminal.output)).toMatchObject([{ revision: 3, document: rule('one') }]);
    expect(await terminal.run('policy', 'get', '--json')).toBe(0);
    expect(JSON.parse(terminal.output)).toMatchObject({
      revision: 3,
      source: 'stored',
      document: rule('one'),
    });
    expect(JSON.parse(readFileSync(join(terminal.directory, 'policy.json'), 'utf8'))).toEqual(rule('one'));
  });

  it('reads a policy from standard input', async () => {
    const terminal = testTerminal();
    terminal.input = JSON.stringify(rule('piped'));
    expect(await terminal.run('policy', 'put', '-')).toBe(0);
    expect(await terminal.run('policy', 'get')).toBe(0);
    expect(JSON.parse(terminal.output)).toEqual(rule('piped'));
  });

  it('ends with 3 where another revision is in force than the expected one', async () => {
    const terminal = testTerminal();
    await put(terminal, 'one');
    expect(await put(terminal, 'two', '--expect', '0')).toBe(3);
    expect(terminal.errors).toContain('revision 1 is in force, not the expected one');
    expect(await terminal.run('policy', 'rollback', '1', '--expect', '7', '--json')).toBe(3);
    expect(JSON.parse(terminal.output)).toEqual({ ok: false, reason: 'conflict', revision: 1 });
    expect(await put(terminal, 'two', '--expect', '1')).toBe(0);
  });

  it('ends with 1 and stores nothing for a policy with faults, an absent file and an unknown revision', async () => {
    const terminal = testTerminal();
    terminal.write('bad.json', '{"rules": [\n {"acton": "block"}]}');
    expect(await terminal.run('policy', 'put', 'bad.json')).toBe(1);
    expect(terminal.errors).toContain(
      'bad.json:2:3 rules[0].acton: is not a known member — Did you mean action?',
    );
    expect(await terminal.run('policy', 'put', 'none.json')).toBe(1);
    expect(terminal.errors).toContain('none.json cannot be read (ENOENT)');
    expect(await terminal.run('policy', 'rollback', '4')).toBe(1);
    expect(terminal.errors).toContain('there is no revision 4; none is stored yet');
    expect(await terminal.run('policy', 'get')).toBe(0);
    expect(terminal.errors).toBe('revision 0 (built_in)\n');
  });

  it('shows the warnings of the linter at a save', async () => {
    const terminal = testTerminal();
    const file = terminal.write('new.json', {
      rules: [{ service_tier: 'all', action: 'pass', scope: 'all', error_message: 'x' }],
    });
    expect(await terminal.run('policy', 'put', file)).toBe(0);
    expect(terminal.errors).toMatch(/^warning: rules\[0\]/m);
  });

  it('ends with 1 where no policy is in force, and says why', async () => {
    const terminal = testTerminal();
    terminal.environment['TIERGATE_POLICY_FILE'] = 'absent.json';
    expect(await terminal.run('policy', 'get')).toBe(1);
    expect(terminal.errors).toMatch(/absent\.json: there is no such file — .*\nno policy is in force\n$/);
  });

  it('ends with 1 where the policy lives in the service only', async () => {
    const terminal = testTerminal();
    terminal.environment['TIERGATE_POLICY_FILE'] = '';
    expect(await terminal.run('policy', 'get')).toBe(1);
    expect(terminal.errors).toContain('policy.file: policy.file is empty');
  });
});

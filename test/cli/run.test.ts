import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXIT_MEANINGS } from '../../src/cli/exit-codes.ts';
import { isNodeFit, NODE_RANGE, VERSION } from '../../src/cli/version.ts';
import { testTerminal } from './terminal.ts';

describe('the command line', () => {
  it('shows its help', async () => {
    const terminal = testTerminal();
    expect(await terminal.run('--help')).toBe(0);
    expect(terminal.output).toMatch(/^Usage: tiergate COMMAND/);
    for (const meaning of Object.values(EXIT_MEANINGS)) expect(terminal.output).toContain(meaning);
    expect(await terminal.run()).toBe(2);
    expect(terminal.errors).toMatch(/^Usage: tiergate COMMAND/);
  });

  it('prints the version of the package', async () => {
    const terminal = testTerminal();
    expect(await terminal.run('--version')).toBe(0);
    expect(terminal.output).toBe(`${JSON.parse(readFileSync('package.json', 'utf8')).version}\n`);
    expect(VERSION).toBe(terminal.output.trim());
  });

  it.each([
    [['serv'], 'unknown command "serv"; did you mean "serve"?'],
    [['frobnicate'], 'unknown command "frobnicate"'],
    [['policy'], '"policy" needs one of: policy get, policy put, policy history, policy rollback'],
    [['policy', 'gte'], '"policy" needs one of'],
    [['check'], 'check takes FILE…, and was given none'],
    [['serve', 'x'], 'serve takes no operand, and was given "x"'],
    [['explain', '--polcy', 'x'], 'unknown option --polcy; did you mean --policy?'],
    [['explain', '--policy'], '--policy FILE: the value is missing'],
    [['check', '--json=1', 'x'], '--json takes no value'],
    [['explain', '--path', '/a', '--path', '/b'], '--path is given twice'],
    [['policy', 'history', '--limit', 'x'], '--limit must be a number, not "x"'],
    [['policy', 'rollback', 'one'], 'REVISION must be a number, not "one"'],
    [['explain', '--header', 'novalue'], '--header "novalue": write it as "name: value"'],
    [['explain', '--strictness', 'lax'], '--strictness must be one of compatible, strict'],
  ])('refuses %j with 2 and says what to write', async (args, message) => {
    const terminal = testTerminal();
    expect(await terminal.run(...args)).toBe(2);
    expect(terminal.errors).toContain(message);
    expect(terminal.output).toBe('');
  });

  it('shows the help of a command whatever else is given', async () => {
    const terminal = testTerminal();
    expect(await terminal.run('policy', 'rollback', '--help')).toBe(0);
    expect(terminal.output).toMatch(/^Usage: tiergate policy rollback REVISION \[options\]/);
  });

  it('names the faults of the configuration, for each command that reads it', async () => {
    const terminal = testTerminal();
    terminal.write('tiergate.yaml', 'http: { blok_status: 1 }');
    terminal.write('body.json', '{}');
    for (const args of [
      ['policy', 'get'],
      ['policy', 'history'],
      ['explain', 'body.json'],
    ]) {
      expect(await terminal.run(...args)).toBe(1);
      expect(terminal.errors).toContain('tiergate.yaml:1:9 http.blok_status: unknown key');
    }
    expect(await terminal.run('serve')).toBe(4);
    expect(await terminal.run('policy', 'get', '--json')).toBe(1);
    expect(JSON.parse(terminal.output)).toMatchObject({
      ok: false,
      faults: [{ path: 'http.blok_status', line: 1 }],
    });
  });
});

describe('the Node version', () => {
  it.each([
    ['22.22.9', false],
    ['22.23.0', true],
    ['23.9.0', false],
    ['24.20.9', false],
    ['24.21.0', true],
    ['24.30.1', true],
    ['25.9.0', false],
    ['26.0.0', true],
    ['27.1.0', true],
    ['20.20.2', false],
  ])('%s is fit: %s', (version, fit) => {
    expect(isNodeFit(version, NODE_RANGE)).toBe(fit);
  });
});

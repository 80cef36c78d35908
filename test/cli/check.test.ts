import { describe, expect, it } from 'vitest';
import { testTerminal } from './terminal.ts';

const GOOD = { rules: [{ service_tier: 'all', action: 'block', scope: 'all' }] };

describe('tiergate check', () => {
  it('tells policies from configurations and accepts both', async () => {
    const terminal = testTerminal();
    terminal.write('p.json', GOOD);
    terminal.write('p.yaml', 'rules: []\n');
    terminal.write('c.yaml', 'http: { block_status: 400 }\n');
    expect(await terminal.run('check', 'p.json', 'p.yaml', 'c.yaml')).toBe(0);
    expect(terminal.output).toBe(
      'p.json: policy is valid\np.yaml: policy is valid\nc.yaml: configuration is valid\n',
    );
  });

  it('names every fault of every file with its place and remedy, and ends with 1', async () => {
    const terminal = testTerminal();
    terminal.write(
      'p.json',
      '{"rules": [\n  {"service_teir": "priority", "action": "blok", "scope": "all"}\n]}',
    );
    terminal.write('c.yaml', 'http:\n  blok_status: 400\n');
    terminal.write('broken.json', '{"rules": [');
    expect(await terminal.run('check', 'p.json', 'c.yaml', 'broken.json', 'missing.json', '.')).toBe(1);
    const lines = terminal.output.trim().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(
        /^p\.json:2:4 rules\[0\]\.service_teir: is not a known member — Did you mean service_tier\?/,
      ),
      expect.stringMatching(/^p\.json:2:32 rules\[0\]\.action: "blok" is not allowed here — Use one of pass/),
      expect.stringMatching(
        /^c\.yaml:2:3 http\.blok_status: unknown key "blok_status" — Did you mean "block_status"\?/,
      ),
      expect.stringMatching(/^broken\.json:1:12 .* must .* end with a \]/),
      expect.stringMatching(/^broken\.json:1:12 .* must end with a \}/),
      expect.stringMatching(/^missing\.json: cannot be read \(ENOENT\)/),
      expect.stringMatching(/^\.: cannot be read \(EISDIR\)/),
    ]);
  });

  it('shows the warnings of the linter without failing', async () => {
    const terminal = testTerminal();
    terminal.write('p.json', {
      rules: [...GOOD.rules, { service_tier: 'flex', action: 'pass', scope: 'all' }],
    });
    expect(await terminal.run('check', 'p.json')).toBe(0);
    expect(terminal.output).toMatch(/p\.json: warning: rules\[1\]/);
  });

  it('warns where the memory of this machine cannot hold one body', async () => {
    const terminal = testTerminal();
    terminal.write('c.yaml', 'limits: { body: 4096GiB, held_total: 1% }');
    expect(await terminal.run('check', 'c.yaml')).toBe(0);
    expect(terminal.output).toMatch(/warning: limits.held_total is .* less than limits.body \(4096GiB\)/);
  });

  it('takes the scopes of the configuration, and its faults where it is named', async () => {
    const terminal = testTerminal();
    terminal.write('p.json', { rules: [{ action: 'block', scope: 'team-a' }] });
    terminal.write('c.yaml', 'scopes: [team-a]');
    terminal.write('bad.yaml', 'scopes: 5');
    expect(await terminal.run('check', 'p.json')).toBe(1);
    expect(await terminal.run('check', '--config', 'c.yaml', 'p.json')).toBe(0);
    expect(await terminal.run('check', '--config', 'bad.yaml', 'p.json')).toBe(1);
    expect(terminal.output).toContain('bad.yaml:1:9 scopes: must be a list, not a number');
  });

  it('writes JSON', async () => {
    const terminal = testTerminal();
    terminal.write('p.json', '{"rules": [{}]}');
    expect(await terminal.run('check', '--json', 'p.json')).toBe(1);
    expect(JSON.parse(terminal.output)).toMatchObject({
      ok: false,
      files: [
        {
          file: 'p.json',
          kind: 'policy',
          faults: [{ line: 1, column: 12, path: 'rules[0].action' }, { path: 'rules[0].scope' }],
        },
      ],
    });
  });
});

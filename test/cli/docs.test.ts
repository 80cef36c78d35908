import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandHelp } from '../../src/cli/command.ts';
import { EXIT_CODES, EXIT_MEANINGS } from '../../src/cli/exit-codes.ts';
import { COMMANDS } from '../../src/cli/run.ts';

const FILE = join(import.meta.dirname, '..', '..', 'docs', 'command-line.md');

function generated(): string {
  const codes = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `| ${code} | ${meaning} |`);
  const sections = COMMANDS.map(
    (command) => `## tiergate ${command.name}\n\n\`\`\`\n${commandHelp(command)}\`\`\`\n`,
  );
  return ['## Exit codes\n', '| code | meaning |', '|---|---|', ...codes, '', sections.join('\n')].join('\n');
}

describe('docs/command-line.md', () => {
  it('holds the help of every command and the exit codes', () => {
    const now = readFileSync(FILE, 'utf8');
    const [before, rest = ''] = now.split(/(?<=<!-- commands: [^\n]*-->\n)/);
    const expected = `${before}\n${generated()}\n${rest.slice(rest.indexOf('<!-- /commands -->'))}`;
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(FILE, expected);
    else
      expect(now, 'run "UPDATE_DOCS=1 npx vitest run test/cli/docs.test.ts" and look at the difference').toBe(
        expected,
      );
  });
});

describe('the commands', () => {
  it('suffice: each has a description, an example of its own, and help for every option', () => {
    for (const command of COMMANDS) {
      const help = commandHelp(command);
      expect(command.description.length, command.name).toBeGreaterThan(0);
      expect(command.exitCodes).toContain(EXIT_CODES.usage);
      for (const { name, help: text } of command.options) {
        expect(text.length).toBeGreaterThan(5);
        expect(help).toContain(`--${name}`);
      }
      for (const example of command.examples) expect(example).toContain(`tiergate ${command.name}`);
      for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(125);
    }
  });
});

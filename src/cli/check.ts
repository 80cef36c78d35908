import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { heldTotalWarning, processMemory } from '../config/held-total.ts';
import { loadConfiguration } from '../config/load.ts';
import { formatFaults, type PlacedFault } from '../storage/faults.ts';
import { readPolicyText } from '../storage/policy-text.ts';
import { type Arguments, CONFIG_OPTION, type Command, JSON_OPTION } from './command.ts';
import { EXIT_CODES } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** What was found in one file. */
interface Report {
  readonly file: string;
  readonly kind: 'policy' | 'configuration' | 'unreadable';
  readonly faults: readonly PlacedFault[];
  readonly warnings: readonly string[];
}

/** A policy has a list of rules at its top; everything else is read as a configuration, which has no such key. */
function isPolicy(text: string): boolean {
  try {
    const value: unknown = parse(text, { maxAliasCount: 0 });
    return typeof value === 'object' && value !== null && 'rules' in value;
  } catch {
    return /^\s*["']?rules["']?\s*:|^\s*\{\s*"rules"\s*:/m.test(text);
  }
}

function checkPolicy(file: string, text: string, scopes: readonly string[]): Report {
  const reading = readPolicyText(text, file, scopes);
  if (!reading.ok) return { file, kind: 'policy', faults: reading.faults, warnings: [] };
  return {
    file,
    kind: 'policy',
    faults: [],
    warnings: reading.lint.map((warning) => `${warning.path}: ${warning.text}`),
  };
}

function checkConfiguration(file: string, terminal: Terminal): Report {
  const result = loadConfiguration({
    file,
    environment: terminal.environment,
    workingDirectory: terminal.workingDirectory,
  });
  if (!result.ok) return { file, kind: 'configuration', faults: result.faults, warnings: [] };
  const warning = heldTotalWarning(result.configuration.settings.limits, processMemory());
  return { file, kind: 'configuration', faults: [], warnings: warning === undefined ? [] : [warning] };
}

function checkFile(file: string, scopes: readonly string[], terminal: Terminal): Report {
  let text: string;
  try {
    text = readFileSync(resolve(terminal.workingDirectory, file), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const remedy = code === 'EISDIR' ? 'Name the files in it.' : 'Check the name and its permissions.';
    const fault = { file, path: '', message: `cannot be read (${code})`, remedy };
    return { file, kind: 'unreadable', faults: [fault], warnings: [] };
  }
  return isPolicy(text) ? checkPolicy(file, text, scopes) : checkConfiguration(file, terminal);
}

/** The scopes that the named configuration adds; a configuration with faults is reported by itself. */
function configuredScopes(given: Arguments, terminal: Terminal): readonly string[] | readonly PlacedFault[] {
  const result = loadConfiguration({
    file: given.value('config'),
    environment: terminal.environment,
    workingDirectory: terminal.workingDirectory,
  });
  return result.ok ? result.configuration.settings.scopes : result.faults;
}

function show(terminal: Terminal, reports: readonly Report[]): void {
  for (const { file, kind, faults, warnings } of reports) {
    terminal.out(formatFaults(faults));
    for (const warning of warnings) terminal.out(`${file}: warning: ${warning}\n`);
    if (faults.length === 0) terminal.out(`${file}: ${kind} is valid\n`);
  }
}

export const checkCommand: Command = {
  name: 'check',
  operands: 'FILE…',
  operandCount: [1, Number.POSITIVE_INFINITY],
  summary: 'Check policies and configurations without starting anything',
  description: [
    'A file with a list "rules" at its top is a policy, any other a configuration. The reader is the one of the\n' +
      'service, so a file that is valid here loads there. Every fault is named with its file, line, column and path.',
    'Policies may use the scopes of the configuration that --config or the environment names.',
  ],
  options: [CONFIG_OPTION, JSON_OPTION],
  exitCodes: [0, 1, 2],
  examples: ['tiergate check policy.json tiergate.yaml', 'tiergate check --json policy.json'],
  async run(given, terminal) {
    const scopes = configuredScopes(given, terminal);
    const reports = given.positionals.map((file) =>
      checkFile(file, isScopes(scopes) ? scopes : [], terminal),
    );
    if (!isScopes(scopes) && given.has('config')) {
      reports.unshift({
        file: given.value('config') ?? '',
        kind: 'configuration',
        faults: scopes,
        warnings: [],
      });
    }
    const ok = reports.every(({ faults }) => faults.length === 0);
    if (given.has('json')) terminal.out(`${JSON.stringify({ ok, files: reports }, undefined, 2)}\n`);
    else show(terminal, reports);
    return ok ? EXIT_CODES.ok : EXIT_CODES.faults;
  },
};

function isScopes(found: readonly string[] | readonly PlacedFault[]): found is readonly string[] {
  return found.every((entry) => typeof entry === 'string');
}

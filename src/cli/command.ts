import { parseArgs } from 'node:util';
import { nearest } from '../config/nearest.ts';
import { EXIT_MEANINGS, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** One option of a command. */
export interface Option {
  readonly name: string;
  /** What stands behind it in the help (`FILE`); undefined for an option without a value. */
  readonly value: string | undefined;
  readonly help: string;
  /** Whether it may be given several times. */
  readonly multiple?: boolean;
}

/** What was given on the command line. */
export interface Arguments {
  readonly positionals: readonly string[];
  /** The value of an option; the last one where it was given several times. */
  value(name: string): string | undefined;
  /** All values of an option that may be given several times. */
  values(name: string): readonly string[];
  has(name: string): boolean;
}

/** One command. */
export interface Command {
  /** One word, or two for a command of a group (`policy get`). */
  readonly name: string;
  /** What stands behind the name in the help, without the options. */
  readonly operands: string;
  /** Least and most operands. */
  readonly operandCount: readonly [number, number];
  readonly summary: string;
  /** More about it, in whole sentences, a paragraph an entry. */
  readonly description: readonly string[];
  readonly options: readonly Option[];
  readonly exitCodes: readonly ExitCode[];
  readonly examples: readonly string[];
  run(given: Arguments, terminal: Terminal): Promise<ExitCode>;
}

/** Options that commands share. */
export const CONFIG_OPTION: Option = {
  name: 'config',
  value: 'FILE',
  help: 'configuration; else TIERGATE_CONFIG, else tiergate.yaml where it exists, else the defaults',
};
export const JSON_OPTION: Option = { name: 'json', value: undefined, help: 'write JSON' };
const HELP_OPTION: Option = { name: 'help', value: undefined, help: 'show this help' };

/** A command line that cannot be understood. */
export class UsageError extends Error {}

function flag(option: Option): string {
  return option.value === undefined ? `--${option.name}` : `--${option.name} ${option.value}`;
}

/** The help of a command; the manual holds the same text. */
export function commandHelp(command: Command): string {
  const options = [...command.options, HELP_OPTION];
  const width = Math.max(...options.map((option) => flag(option).length));
  const operands = command.operands === '' ? '' : ` ${command.operands}`;
  const lines = [
    `Usage: tiergate ${command.name}${operands} [options]`,
    '',
    `${command.summary}.`,
    ...command.description.flatMap((paragraph) => ['', paragraph]),
    '',
    'Options:',
    ...options.map(
      (option) =>
        `  ${flag(option).padEnd(width)}  ${option.help}${option.multiple ? ' (may be repeated)' : ''}`,
    ),
    '',
    'Exit codes:',
    ...command.exitCodes.map((code) => `  ${code}  ${EXIT_MEANINGS[code]}`),
    '',
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Reads what stands behind the command's name. @throws UsageError that says what to write */
export function readArguments(command: Command, args: readonly string[]): Arguments {
  const all = [...command.options, HELP_OPTION];
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      all.map(({ name, value }) => [name, { type: value === undefined ? 'boolean' : 'string' }]),
    ),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = all.find(({ name }) => token.rawName === `--${name}`);
    if (option === undefined) {
      const meant = nearest(
        token.name,
        all.map(({ name }) => name),
      );
      const hint = meant === undefined ? '' : `; did you mean --${meant}?`;
      throw new UsageError(`unknown option ${token.rawName}${hint}`);
    }
    if (option.value !== undefined && token.value === undefined)
      throw new UsageError(`${flag(option)}: the value is missing`);
    if (option.value === undefined && token.value !== undefined)
      throw new UsageError(`--${option.name} takes no value`);
    const given = values.get(option.name) ?? [];
    if (given.length > 0 && option.multiple !== true) throw new UsageError(`--${option.name} is given twice`);
    values.set(option.name, [...given, token.value ?? '']);
  }
  const [least, most] = command.operandCount;
  if (!values.has('help') && (positionals.length < least || positionals.length > most)) {
    const wanted = command.operands === '' ? 'no operand' : command.operands;
    throw new UsageError(
      `${command.name} takes ${wanted}, and was given ${positionals.length === 0 ? 'none' : positionals.map((text) => JSON.stringify(text)).join(' ')}`,
    );
  }
  return {
    positionals,
    value: (name) => values.get(name)?.at(-1),
    values: (name) => values.get(name) ?? [],
    has: (name) => values.has(name),
  };
}

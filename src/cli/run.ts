import { nearest } from '../config/nearest.ts';
import { checkCommand } from './check.ts';
import { type Command, commandHelp, readArguments, UsageError } from './command.ts';
import { EXIT_CODES, EXIT_MEANINGS, type ExitCode } from './exit-codes.ts';
import { explainCommand } from './explain.ts';
import { policyGetCommand } from './policy-get.ts';
import { policyHistoryCommand } from './policy-history.ts';
import { policyPutCommand } from './policy-put.ts';
import { policyRollbackCommand } from './policy-rollback.ts';
import { serveCommand } from './serve.ts';
import type { Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  serveCommand,
  checkCommand,
  explainCommand,
  policyGetCommand,
  policyPutCommand,
  policyHistoryCommand,
  policyRollbackCommand,
];

/** The help without a command. */
function mainHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    'Usage: tiergate COMMAND [options]',
    '',
    'An Envoy ext_proc server that decides who may use which LLM service tier.',
    '',
    'Commands:',
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Options:',
    '  --help     show this help; behind a command, the help of that command',
    '  --version  print the version',
    '',
    'Exit codes:',
    ...Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `  ${code}  ${meaning}`),
    '',
  ].join('\n');
}

function commandOf(args: readonly string[]): { command: Command; rest: readonly string[] } {
  const [first = '', second = ''] = args;
  const command = COMMANDS.find(({ name }) => name === first || name === `${first} ${second}`);
  if (command !== undefined) return { command, rest: args.slice(command.name === first ? 1 : 2) };
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name);
  if (group.length > 0) throw new UsageError(`"${first}" needs one of: ${group.join(', ')}`);
  const meant = nearest(
    first,
    COMMANDS.map(({ name }) => name),
  );
  throw new UsageError(
    `unknown command "${first}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
  );
}

/** Runs one command line and returns how the process is to end. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [first] = args;
  if (first === undefined || first === '--help' || first === 'help') {
    (first === undefined ? terminal.error : terminal.out)(mainHelp());
    return first === undefined ? EXIT_CODES.usage : EXIT_CODES.ok;
  }
  if (first === '--version') {
    terminal.out(`${VERSION}\n`);
    return EXIT_CODES.ok;
  }
  try {
    const { command, rest } = commandOf(args);
    const given = readArguments(command, rest);
    if (given.has('help')) {
      terminal.out(commandHelp(command));
      return EXIT_CODES.ok;
    }
    return await command.run(given, terminal);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.error(`tiergate: ${error.message}\nTry "tiergate --help".\n`);
    return EXIT_CODES.usage;
  }
}

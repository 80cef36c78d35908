import { userInfo } from 'node:os';
import type { Configuration } from '../config/load.ts';
import { openConfiguredStore } from '../config/open-store.ts';
import { redisOf } from '../config/redis-options.ts';
import { formatFaults } from '../storage/faults.ts';
import type { PolicyStore, SaveDetails, SaveResult } from '../storage/policy-store.ts';
import { type Arguments, type Option, UsageError } from './command.ts';
import { configurationFor, showFaults } from './configuration.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** Options of the commands that save. */
export const EXPECT_OPTION: Option = {
  name: 'expect',
  value: 'REVISION',
  help: 'save only if this revision is still in force; left out: the one in force now',
};
export const NOTE_OPTION: Option = { name: 'note', value: 'TEXT', help: 'why, for the history' };
export const AUTHOR_OPTION: Option = {
  name: 'author',
  value: 'NAME',
  help: 'who, for the history; left out: the user',
};
/** A number of the command line. @throws UsageError that names `what` */
export function numberOf(text: string, what: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${what} must be a number, not ${JSON.stringify(text)}`);
  return Number(text);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user need not have a name.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Author and note of a save. */
export function detailsOf(given: Arguments, note: string): SaveDetails {
  return { author: given.value('author') ?? userName(), note: given.value('note') ?? note };
}

/** Opens the configured store for `work`; 1 where the configuration has faults or the policy lives in a process only. */
export async function withStore(
  given: Arguments,
  terminal: Terminal,
  work: (store: PolicyStore, configuration: Configuration) => Promise<ExitCode>,
): Promise<ExitCode> {
  const configuration = configurationFor(given, terminal);
  if (configuration === undefined) return EXIT_CODES.faults;
  const { settings } = configuration;
  if (redisOf(settings) === undefined && settings.policy.file === '') {
    const message = 'policy.file is empty, so the policy lives in the process of the service';
    showFaults(terminal, given.has('json'), [
      { path: 'policy.file', message, remedy: 'Name a file in the configuration.' },
    ]);
    return EXIT_CODES.faults;
  }
  const stores = await openConfiguredStore(configuration, { serve: false });
  try {
    const { faults } = stores.policy.status();
    if (faults.length > 0) terminal.error(`the stored policy cannot be used:\n${formatFaults(faults)}`);
    return await work(stores.policy, configuration);
  } finally {
    await stores.close();
  }
}

/** Tells what became of a save, and how the command ends. */
export function showSaved(result: SaveResult, given: Arguments, terminal: Terminal): ExitCode {
  if (given.has('json')) terminal.out(`${JSON.stringify(result, undefined, 2)}\n`);
  if (result.ok) {
    for (const { path, text } of result.lint) terminal.error(`warning: ${path}: ${text}\n`);
    if (!given.has('json')) terminal.out(`revision ${result.snapshot.revision} is in force\n`);
    return EXIT_CODES.ok;
  }
  switch (result.reason) {
    case 'conflict':
      terminal.error(
        `revision ${result.revision} is in force, not the expected one: look at it with "tiergate policy get" and try again with --expect ${result.revision}\n`,
      );
      return EXIT_CODES.conflict;
    case 'invalid':
      terminal.error(formatFaults(result.faults));
      return EXIT_CODES.faults;
    case 'unknown_revision':
    case 'read_only':
      terminal.error(`${result.message}\n`);
      return EXIT_CODES.faults;
  }
}

/** The revision that has to be in force for a save. */
export function expectedRevision(given: Arguments, store: PolicyStore): number {
  const text = given.value('expect');
  return text === undefined ? store.status().revision : numberOf(text, '--expect');
}

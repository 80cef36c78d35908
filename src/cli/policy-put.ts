import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readPolicyText } from '../storage/policy-text.ts';
import { CONFIG_OPTION, type Command, JSON_OPTION } from './command.ts';
import { showFaults } from './configuration.ts';
import { EXIT_CODES } from './exit-codes.ts';
import {
  AUTHOR_OPTION,
  detailsOf,
  EXPECT_OPTION,
  expectedRevision,
  NOTE_OPTION,
  showSaved,
  withStore,
} from './policy-store.ts';

export const policyPutCommand: Command = {
  name: 'policy put',
  operands: 'FILE',
  operandCount: [1, 1],
  summary: 'Save a policy as a new revision',
  description: [
    'FILE is JSON or YAML; - is standard input. A running service puts the new revision in force within a second.',
    'Nothing is saved if the policy has faults, or if another revision than the expected one is in force.',
  ],
  options: [CONFIG_OPTION, EXPECT_OPTION, AUTHOR_OPTION, NOTE_OPTION, JSON_OPTION],
  exitCodes: [0, 1, 2, 3],
  examples: [
    'tiergate policy put new.json --note "block ultrafast"',
    'tiergate policy put - --expect 7 < new.json',
  ],
  run(given, terminal) {
    return withStore(given, terminal, async (store, { settings }) => {
      const file = given.positionals[0] ?? '';
      let text: string;
      try {
        text = (
          file === '-' ? await terminal.readInput() : readFileSync(resolve(terminal.workingDirectory, file))
        ).toString();
      } catch (error) {
        terminal.error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}): check the name\n`);
        return EXIT_CODES.faults;
      }
      const reading = readPolicyText(text, file === '-' ? 'standard input' : file, settings.scopes);
      if (!reading.ok) {
        showFaults(terminal, given.has('json'), reading.faults);
        return EXIT_CODES.faults;
      }
      const details = detailsOf(given, '');
      return showSaved(
        await store.save(reading.document, expectedRevision(given, store), details),
        given,
        terminal,
      );
    });
  },
};

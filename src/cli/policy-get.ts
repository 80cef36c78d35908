import { CONFIG_OPTION, type Command, JSON_OPTION } from './command.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { withStore } from './policy-store.ts';

export const policyGetCommand: Command = {
  name: 'policy get',
  operands: '',
  operandCount: [0, 0],
  summary: 'Print the policy in force',
  description: ['With --json also its revision, author, time and note.'],
  options: [CONFIG_OPTION, JSON_OPTION],
  exitCodes: [0, 1, 2],
  examples: ['tiergate policy get > policy.json', 'tiergate policy get --json'],
  run(given, terminal) {
    return withStore(given, terminal, async (store) => {
      const snapshot = store.snapshot();
      if (snapshot === undefined) {
        terminal.error('no policy is in force\n');
        return EXIT_CODES.faults;
      }
      const { source } = store.status();
      const shown = given.has('json') ? { ...snapshot, source } : snapshot.document;
      terminal.out(`${JSON.stringify(shown, undefined, 2)}\n`);
      if (!given.has('json')) terminal.error(`revision ${snapshot.revision} (${source})\n`);
      return EXIT_CODES.ok;
    });
  },
};

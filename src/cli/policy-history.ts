import { CONFIG_OPTION, type Command, JSON_OPTION, type Option } from './command.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { numberOf, withStore } from './policy-store.ts';

const LIMIT_OPTION: Option = { name: 'limit', value: 'N', help: 'most revisions to list; left out: 20' };

export const policyHistoryCommand: Command = {
  name: 'policy history',
  operands: '',
  operandCount: [0, 0],
  summary: 'List the revisions of the policy, newest first',
  description: ['With --json also their documents.'],
  options: [CONFIG_OPTION, LIMIT_OPTION, JSON_OPTION],
  exitCodes: [0, 1, 2],
  examples: ['tiergate policy history', 'tiergate policy history --limit 5 --json'],
  run(given, terminal) {
    const limit = numberOf(given.value('limit') ?? '20', '--limit');
    return withStore(given, terminal, async (store) => {
      const revisions = await store.history(limit);
      if (given.has('json')) {
        terminal.out(`${JSON.stringify(revisions, undefined, 2)}\n`);
        return EXIT_CODES.ok;
      }
      if (revisions.length === 0) terminal.error('no revision is stored yet\n');
      for (const { revision, savedAt, author, note, document } of revisions) {
        terminal.out(`${revision}\t${savedAt}\t${author}\t${document.rules.length} rules\t${note}\n`);
      }
      return EXIT_CODES.ok;
    });
  },
};

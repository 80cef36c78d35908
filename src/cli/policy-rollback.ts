import { CONFIG_OPTION, type Command, JSON_OPTION } from './command.ts';
import {
  AUTHOR_OPTION,
  detailsOf,
  EXPECT_OPTION,
  expectedRevision,
  NOTE_OPTION,
  numberOf,
  showSaved,
  withStore,
} from './policy-store.ts';

export const policyRollbackCommand: Command = {
  name: 'policy rollback',
  operands: 'REVISION',
  operandCount: [1, 1],
  summary: 'Save the document of an earlier revision as a new one',
  description: ['Nothing is lost: the revisions in between stay in the history.'],
  options: [CONFIG_OPTION, EXPECT_OPTION, AUTHOR_OPTION, NOTE_OPTION, JSON_OPTION],
  exitCodes: [0, 1, 2, 3],
  examples: ['tiergate policy rollback 6 --note "too strict"'],
  run(given, terminal) {
    const revision = numberOf(given.positionals[0] ?? '', 'REVISION');
    return withStore(given, terminal, async (store) => {
      const details = detailsOf(given, `rollback to revision ${revision}`);
      return showSaved(
        await store.rollback(revision, expectedRevision(given, store), details),
        given,
        terminal,
      );
    });
  },
};

import { NO_HEADER_EDITS } from '../../src/dialects/headers.ts';
import {
  changeMember,
  memberAt,
  memberClaim,
  modelOf,
  setTier,
  textFault,
  topLevel,
  UNCHANGED,
} from '../../src/dialects/members.ts';
import type { Dialect } from '../../src/dialects/types.ts';
import type { WordTable } from '../../src/dialects/words.ts';

/** `pace` of Acme's chat API. `slow` is an old name of `economy`, which Acme takes no more. */
const PACE_WORDS: WordTable = {
  tiers: { economy: 'flex', slow: 'flex', normal: 'default', rush: 'priority' },
  wire: { flex: 'economy', default: 'normal', priority: 'rush' },
};

/** Acme's chat API: the model stands in `engine`, the tier in `pace`. */
export const acmeChat: Dialect = {
  name: 'acme-chat',
  members: ['engine', 'pace'],
  messageMembers: [],
  served: { words: PACE_WORDS.tiers, body: ['pace'], events: { '*': ['pace'] } },

  read({ reading, words: extra, fallbackModel }) {
    const model = modelOf(memberAt(reading, 'engine'), fallbackModel);
    const pace = memberAt(reading, 'pace');
    const claims = pace ? [memberClaim(pace, { table: PACE_WORDS, extra }, model)] : [];
    return { claims, model, fault: textFault(reading) };
  },

  apply({ reading, words: extra }, _, verdict, filter) {
    const words = { table: PACE_WORDS, extra };
    const pace = memberAt(reading, 'pace');
    const [outcome] = verdict.outcomes;
    const imposed = verdict.missing?.action === 'force' ? verdict.missing.forceTier : undefined;
    let change = UNCHANGED;
    if (imposed !== undefined) change = setTier(pace, topLevel(reading), 'pace', imposed, words);
    else if (pace && outcome) {
      change = changeMember(pace, outcome, words, filter === 'default' ? 'default' : undefined);
    }
    return {
      edits: change.edit ? [change.edit] : [],
      headers: NO_HEADER_EDITS,
      sent: outcome ? [change.sent] : [],
      unsupported: change.unsupported,
    };
  },

  refusalBody: ({ code, message }) => JSON.stringify({ fault: { code, text: message } }),
};

import { openAiDialect } from './openai.ts';
import { OPENAI_TIER_WORDS } from './words.ts';

/** OpenAI's Chat Completions API, `/chat/completions`, and the many servers that speak it. */
export const openAiChat = openAiDialect({
  name: 'openai-chat',
  members: ['model', 'service_tier'],
  messageMembers: [],
  // Every chunk of a stream has it.
  served: { words: OPENAI_TIER_WORDS.tiers, body: ['service_tier'], events: { '*': ['service_tier'] } },
});

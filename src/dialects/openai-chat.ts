import { openAiDialect } from './openai.ts';

/** OpenAI's Chat Completions API, `/chat/completions`, and the many servers that speak it. */
export const openAiChat = openAiDialect({
  name: 'openai-chat',
  members: ['model', 'service_tier'],
  messageMembers: [],
});

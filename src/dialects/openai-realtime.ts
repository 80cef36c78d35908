import { openAiDialect } from './openai.ts';
import { openAiResponses } from './openai-responses.ts';

/**
 * OpenAI's Realtime API: `/realtime` over WebSocket. Its schema names no tier today, and its `response.create` nests what
 * it sets under `response`; the same members as those of Responses are judged, so that none passes unseen once it counts.
 */
export const openAiRealtime = openAiDialect({
  name: 'openai-realtime',
  members: openAiResponses.members,
  messageMembers: openAiResponses.messageMembers,
  served: undefined,
});

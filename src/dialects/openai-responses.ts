import { openAiDialect } from './openai.ts';
import { OPENAI_TIER_WORDS } from './words.ts';

/**
 * OpenAI's Responses API: `/responses` over HTTP and WebSocket, and `/responses/compact`. A `response.create` message
 * is the body of a POST with `type` beside it.
 */
export const openAiResponses = openAiDialect({
  name: 'openai-responses',
  members: ['model', 'service_tier'],
  messageMembers: [
    'type',
    'model',
    'service_tier',
    'stream_id',
    'session',
    'session.model',
    'response',
    'response.model',
    'response.service_tier',
  ],
  // The events before these, and the answer to a background request, only repeat what was asked.
  served: {
    words: OPENAI_TIER_WORDS.tiers,
    body: ['service_tier'],
    pending: { path: 'status', words: ['queued', 'in_progress'] },
    events: {
      'response.completed': ['response.service_tier'],
      'response.incomplete': ['response.service_tier'],
      'response.failed': ['response.service_tier'],
    },
  },
});

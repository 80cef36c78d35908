import { openAiDialect } from './openai.ts';

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
});

import { anthropicMessages } from './anthropic-messages.ts';
import type { Dialect, DialectInput } from './types.ts';
import { modelOfPublisher } from './url-model.ts';

/**
 * Anthropic's models on Vertex AI, `…/publishers/anthropic/models/{model}:rawPredict` and `:streamRawPredict`: a body of
 * the Messages API, and the model in the path. A `model` in the body is not the one that is served.
 */
export const anthropicVertex: Dialect = {
  ...anthropicMessages,
  name: 'anthropic-vertex',
  read: (input) => anthropicMessages.read(withModelOfPath(input)),
  apply: (input, reading, verdict, filter) =>
    anthropicMessages.apply(withModelOfPath(input), reading, verdict, filter),
};

function withModelOfPath(input: DialectInput): DialectInput {
  const { reading } = input;
  const word = modelOfPublisher(input.path);
  return {
    ...input,
    reading: reading && { ...reading, members: reading.members.filter(({ path }) => path !== 'model') },
    // There is one, or the path would not have led here; it is only not written plainly.
    fallbackModel: word === undefined ? { kind: 'unavailable' } : { kind: 'known', word },
  };
}

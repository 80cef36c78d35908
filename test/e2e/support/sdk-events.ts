/**
 * What a model provider says over the Responses and the Realtime protocol: as many members as the clients of these tests
 * read, in the order in which a real provider sends the events.
 */

/** What the model says in every answer. */
export const ANSWER = 'Forty-two, said the mock.';

/** What one answer cost, in the words of the Responses API. */
const USAGE = {
  input_tokens: 11,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 7,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 18,
};

/** One event in either direction. */
export type ModelEvent = Readonly<Record<string, unknown>> & { readonly type: string };

/**
 * The events that answer a turn of the Responses API, on a socket and as a stream of events alike.
 *
 * @param turn the body of the POST, or the `response.create` event
 * @param number counts the turns, for the ids
 */
export function responseEvents(turn: Readonly<Record<string, unknown>>, number: number): ModelEvent[] {
  const item = {
    id: `msg_${number}`,
    type: 'message',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: ANSWER, annotations: [] }],
  };
  // A warm-up has no output.
  const output = turn['generate'] === false ? [] : [item];
  const response = {
    id: `resp_${number}`,
    object: 'response',
    model: turn['model'],
    service_tier: 'default',
  };
  const events: ModelEvent[] = [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
    ...output.flatMap((done) => [
      { type: 'response.output_item.added', output_index: 0, item: { ...done, content: [] } },
      {
        type: 'response.output_text.delta',
        item_id: done.id,
        output_index: 0,
        content_index: 0,
        delta: ANSWER,
      },
      { type: 'response.output_item.done', output_index: 0, item: done },
    ]),
    { type: 'response.completed', response: { ...response, status: 'completed', output, usage: USAGE } },
  ];
  return events.map((event, at) => ({ ...event, sequence_number: at }));
}

/** What a Realtime provider says first. */
export function sessionCreated(model: string | null): ModelEvent {
  return { type: 'session.created', event_id: 'event_0', session: { type: 'realtime', id: 'sess_1', model } };
}

/** The events that answer an event of a Realtime client. */
export function realtimeEvents(event: ModelEvent, number: number): ModelEvent[] {
  const id = `resp_${number}`;
  switch (event.type) {
    case 'session.update':
      return [{ type: 'session.updated', event_id: `event_${number}`, session: event['session'] }];
    case 'response.create':
      return [
        { type: 'response.created', event_id: `event_${number}_0`, response: { id, status: 'in_progress' } },
        { type: 'response.output_text.done', event_id: `event_${number}_1`, response_id: id, text: ANSWER },
        {
          type: 'response.done',
          event_id: `event_${number}_2`,
          response: { id, status: 'completed', usage: USAGE },
        },
      ];
    default:
      return [];
  }
}

/** One answer of a provider, and the tier that it says was served. */
export interface SampleAnswer {
  readonly dialect: string;
  readonly name: string;
  readonly type: 'application/json' | 'text/event-stream';
  readonly text: string;
  readonly tier: string | undefined;
}

const JSON_TYPE = 'application/json';
const SSE_TYPE = 'text/event-stream';

/** Events with their type as field and, as both providers send it, as the first member. */
function typed(
  ...events: readonly (readonly [type: string, members: Readonly<Record<string, unknown>>])[]
): string {
  return events
    .map(([type, members]) => `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`)
    .join('');
}

const TRAP = 'x","service_tier":"ultrafast","y":"';

const responses = (service_tier: unknown, more = {}) => ({
  id: 'resp_1',
  metadata: { service_tier: 'ultrafast' },
  output: [{ type: 'message', service_tier: 'ultrafast', content: [{ text: TRAP }] }],
  service_tier,
  usage: { input_tokens: 1, service_tier: 'ultrafast' },
  ...more,
});
const chunk = (service_tier: unknown, more = {}) =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ delta: { content: TRAP } }], service_tier, ...more })}\n\n`;
const message = (usage: unknown, more = {}) => ({
  content: [{ text: TRAP, usage: { speed: 'fast' } }],
  usage,
  ...more,
});

function samples(
  dialect: string,
  type: SampleAnswer['type'],
  rows: readonly (readonly [string, string, string?])[],
) {
  return rows.map(([name, text, tier]): SampleAnswer => ({ dialect, name, type, text, tier }));
}

/** Answers as the providers' documentation shows them, with text in them that looks like the member. */
export const SAMPLES: readonly SampleAnswer[] = [
  ...samples('openai-responses', JSON_TYPE, [
    ['priority', JSON.stringify(responses('priority', { status: 'completed' })), 'priority'],
    ['fast, the younger name', JSON.stringify(responses('fast')), 'priority'],
    ['a downgrade', JSON.stringify(responses('default'), undefined, 2), 'default'],
    ['a word of another provider', JSON.stringify(responses('On_Demand')), 'on_demand'],
    ['a text that is no name', JSON.stringify(responses('my private prompt'))],
    ['null', JSON.stringify(responses(null))],
    ['none', JSON.stringify(responses(undefined))],
    ['a number', JSON.stringify(responses(7))],
    ['background work, queued', JSON.stringify(responses('priority', { status: 'queued' }))],
    ['background work, begun', JSON.stringify({ status: 'in_progress', ...responses('priority') })],
    ['cut short', JSON.stringify(responses('priority')).slice(0, -1)],
  ]),
  ...samples('openai-responses', SSE_TYPE, [
    ...(['completed', 'incomplete', 'failed'] as const).map(
      (end) =>
        [
          `response.${end} and not what was asked`,
          typed(
            ['response.created', { response: responses('priority') }],
            ['response.in_progress', { response: responses('priority') }],
            ['response.output_text.delta', { delta: TRAP, response: responses('flex') }],
            [`response.${end}`, { sequence_number: 9, response: responses('default') }],
          ),
          'default',
        ] as const,
    ),
    ['cut before the end', typed(['response.created', { response: responses('priority') }])],
    ['cut within the end', typed(['response.completed', { response: responses('priority') }]).slice(0, -1)],
    [
      'the type behind the response, and no event field',
      `data: ${JSON.stringify({ response: responses('flex'), type: 'response.completed' })}\n\n`,
      'flex',
    ],
    [
      'the type in the event field alone',
      'event: response.completed\ndata: {"response":{"service_tier":"scale"}}\n\n',
      'scale',
    ],
    ['a type that is a name of every object', typed(['constructor', { response: responses('flex') }])],
    [
      'data over several lines',
      'data: {"type":"response.completed",\ndata: "response":\ndata:{"service_tier":"auto"}}\n\n',
      'auto',
    ],
    [
      'the member twice',
      'data: {"type":"response.completed","response":{"service_tier":"a","service_tier":"b"}}\n\n',
    ],
    ['top level, where it does not stand', typed(['response.completed', { service_tier: 'priority' }])],
  ]),
  ...samples('openai-chat', JSON_TYPE, [
    [
      'priority',
      JSON.stringify({ choices: [{ message: { content: TRAP } }], service_tier: 'priority' }),
      'priority',
    ],
    ['none', '{"choices":[]}'],
    ['the member twice', '{"service_tier":"priority","service_tier":"flex"}'],
  ]),
  ...samples('openai-chat', SSE_TYPE, [
    ['the last chunk', `${chunk('auto')}${chunk('default')}data: [DONE]\n\n`, 'default'],
    ['a last chunk without', `${chunk('flex')}${chunk(null)}${chunk(undefined)}data: [DONE]\n\n`, 'flex'],
    ['a broken chunk between', `${chunk('flex')}data: {"service_tier":"priority"\n\n${chunk(null)}`, 'flex'],
    ['a chunk with a type', chunk('priority', { type: 'whatever' }), 'priority'],
    ['none', `${chunk(undefined)}data: [DONE]\n\n`],
  ]),
  ...samples('anthropic-messages', JSON_TYPE, [
    ['fast', JSON.stringify(message({ service_tier: 'standard', speed: 'fast' })), 'priority'],
    ['standard', JSON.stringify(message({ service_tier: 'standard', speed: 'standard' })), 'default'],
    ['bought capacity', JSON.stringify(message({ service_tier: 'priority', speed: 'standard' })), 'priority'],
    ['an older API', JSON.stringify(message({ service_tier: 'standard' })), 'default'],
    ['a batch', JSON.stringify(message({ service_tier: 'batch' })), 'batch'],
    ['none', JSON.stringify(message({ service_tier: null, speed: null }))],
    ['usage twice', '{"usage":{"speed":"fast"},"usage":{"speed":"standard"}}'],
    ['not in usage', '{"speed":"fast","service_tier":"priority","usage":{}}'],
  ]),
  ...samples('anthropic-messages', SSE_TYPE, [
    [
      'message_start',
      typed(
        ['message_start', { message: message({ service_tier: 'standard', speed: 'fast' }) }],
        ['content_block_delta', { delta: { text: TRAP }, usage: { speed: 'standard' } }],
        ['message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } }],
        ['message_stop', {}],
      ),
      'priority',
    ],
    [
      'a later message_delta',
      typed(
        ['message_start', { message: message({ service_tier: 'standard', speed: 'fast' }) }],
        ['message_delta', { usage: { speed: 'standard' } }],
      ),
      'default',
    ],
    ['a ping and an error', typed(['ping', {}], ['error', { error: { type: 'overloaded_error' } }])],
  ]),
];

import { describe, expect, it } from 'vitest';
import type { ReferenceConfig } from '../../tools/envoy/reference.ts';
import { waitFor } from '../../tools/envoy/wait-for.ts';
import { expectGatewayError } from './support/expect.ts';
import { send } from './support/send.ts';
import { useStack } from './support/stack.ts';

const BODY = '{"model":"gpt-5.5","service_tier":"priority"}';

/** A setting that would let a governed body pass unseen, and the word by which the remedy names it. */
const MISTAKES: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  ['no request body', { request_body_mode: 'NONE' }, 'request_body_mode'],
  ['a part of the request body', { request_body_mode: 'BUFFERED_PARTIAL' }, 'request_body_mode'],
  ['no request headers', { request_header_mode: 'SKIP' }, 'request_header_mode'],
  [
    'STREAMED without the response body',
    { request_body_mode: 'STREAMED', request_trailer_mode: 'SEND' },
    'response_body_mode',
  ],
  [
    'a buffered response',
    { response_header_mode: 'SEND', response_body_mode: 'BUFFERED' },
    'response_body_mode',
  ],
];

function change(modes: Readonly<Record<string, string>>): (config: ReferenceConfig) => void {
  return (config) => {
    for (const [name, value] of Object.entries(modes)) {
      config.set([...config.extProc(), 'processing_mode', name], value);
    }
  };
}

describe.each(MISTAKES)('an Envoy that sends %s', (_label, modes, setting) => {
  const stack = useStack({ edit: change(modes) });

  it(`is refused, with the name of the setting: ${setting}`, async () => {
    const { port, provider, envoy, tiergate } = stack();
    const sent = await send(port, { body: BODY });
    expectGatewayError(sent, 503, 'policy_unavailable');
    expect(provider.seen.filter(({ body }) => body.length > 0)).toEqual([]);
    const entry = await envoy.accessLogEntry(({ status }) => status === 503);
    expect(entry.details).toContain(setting);
    await waitFor('the log line', () => (tiergate.process.tail().includes(setting) ? true : undefined));
  });
});

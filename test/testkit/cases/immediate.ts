import type { ImmediateResponse } from '../../../src/testkit/index.ts';
import type { Behaviour } from '../support/behaviour.ts';
import { DENIED, setHeaders } from '../support/good-server.ts';
import { scripted } from '../support/scripted-server.ts';

const OPTIONS = { requestBody: 'BUFFERED', responseHeaders: 'SKIP' } as const;

/** A server that answers the request headers at once. */
function immediate(immediateResponse: ImmediateResponse) {
  return scripted({ request_headers: { immediateResponse } });
}

/** Immediate responses. */
export const IMMEDIATE_CASES: readonly Behaviour[] = [
  {
    name: 'immediate response: at the headers, while the body is still coming',
    options: { ...OPTIONS, receivingNamespaces: ['good'] },
    server: scripted({ request_headers: DENIED }),
    request: { body: 'x'.repeat(300_000) },
    expected: {
      seen: ['request_headers'],
      status: 403,
      answer: '{"denied":true}',
      details: 'good_denied_by_rule',
      upstream: 'nothing',
      metadata: { good: { action: 'deny' } },
    },
  },
  {
    name: 'immediate response: metadata of a namespace that is not listed is dropped',
    options: OPTIONS,
    server: scripted({ request_headers: DENIED }),
    request: { body: 'b' },
    expected: { status: 403, metadata: null },
  },
  {
    name: 'immediate response: metadata of a reply that keeps the body is stored too',
    options: { ...OPTIONS, receivingNamespaces: ['good'] },
    server: scripted({
      request_body: {
        requestBody: {},
        dynamicMetadata: {
          fields: {
            good: { structValue: { fields: { n: { numberValue: 1.5 }, b: { boolValue: true } } } },
            other: { structValue: { fields: { x: { stringValue: 'y' } } } },
          },
        },
      },
    }),
    request: { body: 'b' },
    expected: { status: 200, metadata: { good: { n: 1.5, b: true } } },
  },
  {
    name: 'immediate response: without a status the client gets 200 and the error body',
    options: OPTIONS,
    server: immediate({ body: Buffer.from('denied') }),
    request: { body: 'b' },
    expected: {
      status: 200,
      answer: 'denied',
      answerHeaders: { 'content-type': 'text/plain' },
      upstream: 'nothing',
    },
    violations: ['immediate_response_without_status'],
  },
  {
    name: 'immediate response: an invalid header and those after it are left out',
    options: OPTIONS,
    server: immediate({
      status: { code: 403 },
      headers: setHeaders(['x-first', '1'], ['x-bad', 'a\nb'], ['x-last', '1']),
    }),
    request: { body: 'b' },
    expected: {
      status: 403,
      answer: '',
      answerHeaders: { 'x-first': '1', 'x-bad': null, 'x-last': null },
    },
    violations: ['invalid_header_value'],
  },
  {
    name: 'immediate response: :status in the headers has no effect',
    options: OPTIONS,
    server: immediate({ status: { code: 403 }, headers: setHeaders([':status', '200'], ['x-a', '1']) }),
    request: { body: 'b' },
    expected: { status: 403, answer: '', answerHeaders: { 'x-a': '1' } },
  },
  {
    name: 'immediate response: where the filter has it disabled it is an error',
    options: { ...OPTIONS, disableImmediateResponse: true },
    server: scripted({ request_headers: DENIED }),
    request: { body: 'b' },
    expected: {
      status: 500,
      answer: '',
      details: 'unhandled_immediate_response_due_to_config_disabled_it',
      upstream: 'nothing',
    },
    violations: ['immediate_response_disabled'],
  },
  {
    name: 'immediate response: replies after it have no effect',
    options: OPTIONS,
    server: scripted({ request_headers: [DENIED, { requestHeaders: {} }] }),
    request: { body: 'b' },
    expected: { status: 403, upstream: 'nothing' },
    violations: ['reply_after_immediate_response'],
  },
  {
    name: 'immediate response: to the answer of the upstream, the client gets it instead',
    options: { requestBody: 'BUFFERED', responseBody: 'STREAMED' },
    server: scripted({ response_headers: DENIED }),
    request: { body: 'b', response: { body: 'secret' } },
    expected: { status: 403, answer: '{"denied":true}', upstream: { body: 'b', complete: true } },
  },
  {
    name: 'immediate response: to a HEAD request has no body',
    options: OPTIONS,
    server: scripted({ request_headers: DENIED }),
    request: { method: 'HEAD' },
    expected: { status: 403, answer: '' },
  },
];

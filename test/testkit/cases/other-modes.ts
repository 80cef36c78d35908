import type { CommonResponse } from '../../../src/testkit/index.ts';
import type { Behaviour } from '../support/behaviour.ts';
import { DENIED, setHeaders } from '../support/good-server.ts';
import { scripted } from '../support/scripted-server.ts';

const BUFFERED = { requestBody: 'BUFFERED', responseHeaders: 'SKIP' } as const;

/** A server that answers the request headers with CONTINUE_AND_REPLACE. */
function replacing(response: Omit<CommonResponse, 'status'>) {
  return scripted({ request_headers: { requestHeaders: { response: { ...response, status: 1 } } } });
}

/** Bodies that are not sent, that are replaced before they are, and that collapse in front of trailers. */
export const OTHER_MODE_CASES: readonly Behaviour[] = [
  {
    name: 'NONE: the body passes unseen behind the header reply',
    options: { responseHeaders: 'SKIP' },
    server: scripted({}),
    request: { body: 'unseen' },
    expected: { seen: ['request_headers'], upstream: { body: 'unseen', framing: 'content-length' } },
  },
  {
    name: 'NONE: trailers can be looked at; a 403 to them comes after the body went on',
    options: { responseHeaders: 'SKIP', requestTrailers: 'SEND' },
    server: scripted({ request_trailers: DENIED }),
    request: { body: ['un', 'seen'], trailers: { 'x-sum': '1' } },
    expected: {
      seen: ['request_headers', 'request_trailers'],
      status: 403,
      upstream: { contact: 'early', body: 'unseen', complete: false },
    },
  },
  {
    name: 'CONTINUE_AND_REPLACE: the body of the header reply stands for the whole body, chunked',
    options: BUFFERED,
    server: replacing({
      bodyMutation: { body: Buffer.from('another') },
      headerMutation: setHeaders(['x-replaced', '1'], ['content-length', '7']),
    }),
    request: { body: 'the old one' },
    expected: {
      seen: ['request_headers'],
      status: 200,
      upstream: {
        body: 'another',
        framing: 'chunked',
        headers: { 'x-replaced': '1', 'content-length': null },
      },
    },
  },
  {
    name: 'CONTINUE_AND_REPLACE: gives a body to a request without one',
    options: BUFFERED,
    server: replacing({ bodyMutation: { body: Buffer.from('new') } }),
    request: { method: 'GET' },
    expected: { seen: ['request_headers end'], upstream: { body: 'new', framing: 'chunked' } },
  },
  {
    name: 'CONTINUE_AND_REPLACE: without a body only ends the processing of this direction',
    options: BUFFERED,
    server: replacing({ headerMutation: setHeaders(['x-a', '1']) }),
    request: { body: ['ab', 'cd'] },
    expected: {
      seen: ['request_headers'],
      upstream: { body: 'abcd', framing: 'content-length', headers: { 'x-a': '1' } },
    },
  },
  {
    name: 'CONTINUE_AND_REPLACE: trailers that came with the body go on, and are not sent to the server',
    options: { ...BUFFERED, requestTrailers: 'SEND' },
    server: replacing({ bodyMutation: { body: Buffer.from('new') } }),
    request: { body: 'old', trailers: { 'x-sum': '1' } },
    expected: { seen: ['request_headers'], upstream: { body: 'new', trailers: { 'x-sum': '1' } } },
  },
  {
    name: 'STREAMED: a collapsed body with trailers has no end; the trailers follow its reply',
    options: { requestBody: 'STREAMED', requestTrailers: 'SEND', responseHeaders: 'SKIP' },
    server: scripted({}),
    request: { body: 'abc', trailers: { 'x-sum': '1' } },
    expected: {
      seen: ['request_headers', 'request_body 3', 'request_trailers'],
      status: 200,
      upstream: { body: 'abc', framing: 'chunked', trailers: { 'x-sum': '1' } },
    },
  },
  {
    name: 'STREAMED: a 403 at the trailers of a collapsed body reaches no upstream',
    options: { requestBody: 'STREAMED', requestTrailers: 'SEND', responseHeaders: 'SKIP' },
    server: scripted({ request_trailers: DENIED }),
    request: { body: 'abc', trailers: { 'x-sum': '1' } },
    expected: { status: 403, upstream: 'nothing' },
  },
];

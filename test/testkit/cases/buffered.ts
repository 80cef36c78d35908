import type { Behaviour } from '../support/behaviour.ts';
import { DENIED, goodServer, judge, setHeaders } from '../support/good-server.ts';
import { scripted } from '../support/scripted-server.ts';

const BUFFERED = { requestBody: 'BUFFERED', responseHeaders: 'SKIP' } as const;
const MISMATCH = 'mismatch_between_content_length_and_the_length_of_the_mutated_body';
const BODY = '{"tier":"priority"}';
const EDITED = '{"tier":"default"}';

/** A body reply that replaces the body, with or without header edits. */
function replace(body: string, length?: string) {
  const headerMutation = length === undefined ? null : setHeaders(['content-length', length]);
  return { requestBody: { response: { bodyMutation: { body: Buffer.from(body) }, headerMutation } } };
}

/** BUFFERED request bodies. */
export const BUFFERED_CASES: readonly Behaviour[] = [
  {
    name: 'BUFFERED: an edited body with content-length arrives with it',
    options: BUFFERED,
    server: goodServer(judge),
    request: { body: BODY },
    expected: {
      seen: ['request_headers', 'request_body 19 end'],
      status: 200,
      details: null,
      upstream: {
        body: EDITED,
        framing: 'content-length',
        headers: { 'content-length': '18', 'x-seen': 'yes' },
      },
    },
  },
  {
    name: 'BUFFERED: a chunked body that is edited with content-length goes on with content-length',
    options: BUFFERED,
    server: goodServer(judge),
    request: { body: BODY, contentLength: false },
    expected: { status: 200, upstream: { body: EDITED, framing: 'content-length' } },
  },
  {
    name: 'BUFFERED: a chunked body that is kept stays chunked',
    options: BUFFERED,
    server: goodServer(judge),
    request: { body: 'as it is', contentLength: false },
    expected: { status: 200, upstream: { body: 'as it is', framing: 'chunked' } },
  },
  {
    name: 'BUFFERED: a chunked body that is edited without content-length stays chunked',
    options: BUFFERED,
    server: scripted({ request_body: replace('longer than before') }),
    request: { body: 'short', contentLength: false },
    expected: { status: 200, upstream: { body: 'longer than before', framing: 'chunked' } },
    violations: ['content_length_missing'],
  },
  {
    name: 'BUFFERED: an edit that leaves the old content-length is refused',
    options: BUFFERED,
    server: scripted({ request_body: replace('longer than before') }),
    request: { body: 'short' },
    expected: { status: 500, answer: '', details: MISMATCH, upstream: 'nothing' },
    violations: ['content_length_missing'],
  },
  {
    name: 'BUFFERED: an edit with a wrong content-length is refused, for chunked clients too',
    options: BUFFERED,
    server: scripted({ request_body: replace('four', '5') }),
    request: { body: 'short', contentLength: false },
    expected: { status: 500, details: MISMATCH, upstream: 'nothing' },
    violations: ['content_length_mismatch'],
  },
  {
    name: 'BUFFERED: clear_body with the old content-length is refused',
    options: BUFFERED,
    server: scripted({ request_body: { requestBody: { response: { bodyMutation: { clearBody: true } } } } }),
    request: { body: 'short' },
    expected: { status: 500, details: MISMATCH, upstream: 'nothing' },
    violations: ['content_length_missing'],
  },
  {
    name: 'BUFFERED: clear_body with content-length 0 leaves an empty body',
    options: BUFFERED,
    server: scripted({
      request_body: {
        requestBody: {
          response: {
            bodyMutation: { clearBody: true },
            headerMutation: setHeaders(['content-length', '0']),
          },
        },
      },
    }),
    request: { body: 'short' },
    expected: { status: 200, upstream: { body: '', headers: { 'content-length': '0' } } },
  },
  {
    name: 'BUFFERED: trailers follow the body, whose message has no end; behind content-length they are dropped',
    options: BUFFERED,
    server: goodServer(judge),
    request: { body: BODY, trailers: { 'x-sum': 'abc' } },
    expected: {
      seen: ['request_headers', 'request_body 19'],
      status: 200,
      upstream: { body: EDITED, framing: 'content-length', trailers: {} },
    },
  },
  {
    name: 'BUFFERED: a kept body goes on with its trailers',
    options: { ...BUFFERED, requestTrailers: 'SEND' },
    server: goodServer(judge),
    request: { body: 'as it is', trailers: { 'x-sum': 'abc' } },
    expected: {
      seen: ['request_headers', 'request_body 8', 'request_trailers'],
      status: 200,
      upstream: { body: 'as it is', framing: 'chunked', trailers: { 'x-sum': 'abc' } },
    },
  },
  {
    name: 'BUFFERED: a 403 at the trailers comes before any contact with the upstream',
    options: { ...BUFFERED, requestTrailers: 'SEND' },
    server: scripted({ request_trailers: DENIED }),
    request: { body: 'as it is', trailers: { 'x-sum': 'abc' } },
    expected: { status: 403, upstream: 'nothing' },
  },
  {
    name: 'BUFFERED: trailers can be edited',
    options: { ...BUFFERED, requestTrailers: 'SEND' },
    server: scripted({
      request_trailers: { requestTrailers: { headerMutation: setHeaders(['x-sum', 'def']) } },
    }),
    request: { body: 'as it is', trailers: { 'x-sum': 'abc' } },
    expected: { status: 200, upstream: { trailers: { 'x-sum': 'def' } } },
  },
  {
    name: 'BUFFERED: of a slow client the upstream hears nothing before the verdict',
    options: BUFFERED,
    server: goodServer(judge),
    request: { body: ['{"tier":', '"priority"}'] },
    expected: {
      seen: ['request_headers', 'request_body 19 end'],
      upstream: { contact: 'after-request-end', body: EDITED },
    },
  },
  {
    name: 'BUFFERED: a denied body of a slow client never reaches the upstream',
    options: { ...BUFFERED, receivingNamespaces: ['good'] },
    server: goodServer(judge),
    request: { body: ['{"forb', 'idden":1}'] },
    expected: {
      seen: ['request_headers', 'request_body 15 end'],
      status: 403,
      answer: '{"denied":true}',
      answerHeaders: { 'content-type': 'application/json', 'content-length': '15' },
      details: 'good_denied_by_rule',
      upstream: 'nothing',
      metadata: { good: { action: 'deny' } },
    },
  },
  {
    name: 'BUFFERED: a body over the limit is a 413 of Envoy, and its answer passes the server',
    since: '1.37.0',
    options: { requestBody: 'BUFFERED', bufferLimit: 1024 },
    server: scripted({}),
    request: { body: 'x'.repeat(4000) },
    expected: {
      seen: ['request_headers', 'response_headers'],
      status: 413,
      answer: 'Payload Too Large',
      answerHeaders: { 'content-type': 'text/plain' },
      details: 'request_payload_too_large',
      upstream: 'nothing',
    },
  },
  {
    name: 'BUFFERED with headers SKIP: the headers go ahead, edits of them come too late, the body is chunked',
    options: { ...BUFFERED, requestHeaders: 'SKIP' },
    server: scripted({
      request_body: {
        requestBody: {
          response: {
            bodyMutation: { body: Buffer.from('new') },
            headerMutation: setHeaders(['x-late', '1']),
          },
        },
      },
    }),
    request: { body: ['ol', 'd'] },
    expected: {
      seen: ['request_body 3 end'],
      status: 200,
      upstream: { contact: 'early', body: 'new', framing: 'chunked', headers: { 'x-late': null } },
    },
    violations: ['header_edits_too_late'],
  },
  {
    name: 'BUFFERED: HTTP/2 bodies come whole too',
    options: BUFFERED,
    server: goodServer(judge),
    request: { protocol: 'HTTP/2', body: `${'x'.repeat(40_000)}priority`, contentLength: false },
    expected: {
      seen: ['request_headers', 'request_body 40008 end'],
      upstream: { body: `${'x'.repeat(40_000)}default`, framing: 'content-length' },
    },
  },
  {
    name: 'BUFFERED: HTTP/2 trailers behind a content-length are dropped',
    options: BUFFERED,
    server: goodServer(judge),
    request: { protocol: 'HTTP/2', body: 'kept', trailers: { 'x-sum': '1' } },
    expected: {
      seen: ['request_headers', 'request_body 4'],
      upstream: { body: 'kept', framing: 'content-length', trailers: {} },
    },
  },
  {
    name: 'BUFFERED: trailers without a body are a message of their own',
    options: { ...BUFFERED, requestTrailers: 'SEND' },
    server: scripted({}),
    request: { body: '', trailers: { 'x-sum': '1' } },
    expected: {
      seen: ['request_headers', 'request_trailers'],
      upstream: { body: '', complete: true, trailers: { 'x-sum': '1' } },
    },
  },
];

/** Requests without a body, or with an empty one: alike in every mode that looks at bodies. */
export const BODYLESS_CASES: readonly Behaviour[] = (
  ['BUFFERED', 'STREAMED', 'FULL_DUPLEX_STREAMED'] as const
).flatMap((requestBody): Behaviour[] => [
  {
    name: `${requestBody}: a GET without a body is one message with the end`,
    options: { requestBody, responseHeaders: 'SKIP' },
    server: goodServer(judge),
    request: { method: 'GET' },
    expected: {
      seen: ['request_headers end'],
      upstream: { framing: 'none', body: '', complete: true, headers: { 'x-seen': 'yes' } },
    },
  },
  {
    name: `${requestBody}: a POST with content-length 0 is one message with the end`,
    options: { requestBody, responseHeaders: 'SKIP' },
    server: goodServer(judge),
    request: { body: '' },
    expected: { seen: ['request_headers end'], status: 200 },
  },
  {
    name: `${requestBody}: a chunked and empty POST has an empty body message with the end`,
    options: { requestBody, responseHeaders: 'SKIP' },
    server: goodServer(judge),
    request: { body: '', contentLength: false },
    expected: {
      seen: ['request_headers', 'request_body 0 end'],
      status: 200,
      upstream: { body: '' },
    },
  },
  {
    name: `${requestBody}: a GET may have a body`,
    options: { requestBody, responseHeaders: 'SKIP' },
    server: goodServer(judge),
    request: { method: 'GET', body: 'priority' },
    expected: { status: 200, upstream: { body: 'default' } },
  },
]);

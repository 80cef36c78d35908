import type { Behaviour } from '../support/behaviour.ts';
import { chunk, goodServer, judge, setHeaders } from '../support/good-server.ts';
import { scripted } from '../support/scripted-server.ts';

// With a response body that is streamed, as a careful operator sets it.
const STREAMED = { requestBody: 'STREAMED', responseHeaders: 'SKIP', responseBody: 'STREAMED' } as const;
const FDS = { requestBody: 'FULL_DUPLEX_STREAMED', responseHeaders: 'SKIP' } as const;
const CLEAR = { requestBody: { response: { bodyMutation: { clearBody: true } } } };

/** STREAMED request bodies. */
export const STREAMED_CASES: readonly Behaviour[] = [
  {
    name: 'STREAMED: a complete body in one read collapses into one message with the end',
    options: STREAMED,
    server: goodServer(judge),
    request: { body: '{"tier":"priority"}' },
    expected: {
      seen: ['request_headers', 'request_body 19 end'],
      status: 200,
      upstream: {
        body: '{"tier":"default"}',
        framing: 'chunked',
        headers: { 'content-length': null, 'x-seen': 'yes' },
      },
    },
  },
  {
    name: 'STREAMED: the pieces of a slow client, then an empty end; the headers go ahead',
    options: STREAMED,
    server: goodServer(judge),
    request: { body: ['{"tier":', '"priority"}'] },
    expected: {
      seen: ['request_headers', 'request_body 8', 'request_body 11', 'request_body 0 end'],
      status: 200,
      upstream: { contact: 'early', body: '{"tier":"default"}', framing: 'chunked' },
    },
  },
  {
    name: 'STREAMED: a 403 at the end of a fast body reaches no upstream',
    options: STREAMED,
    server: goodServer(judge),
    request: { body: '{"forbidden":1}' },
    expected: { status: 403, answer: '{"denied":true}', upstream: 'nothing' },
  },
  {
    name: 'STREAMED: a 403 at the end of a slow body cuts an upstream that has seen headers and no body',
    options: STREAMED,
    server: goodServer(judge),
    request: { body: ['{"forb', 'idden":1}'] },
    expected: { status: 403, upstream: { contact: 'early', body: '', complete: false } },
  },
  {
    name: 'STREAMED: a body held back for the last reply is lost where trailers follow',
    options: { ...STREAMED, requestTrailers: 'SEND' },
    server: scripted({ request_body: CLEAR }),
    request: { body: ['held ', 'back'], trailers: { 'x-sum': 'abc' } },
    expected: {
      seen: ['request_headers', 'request_body 5', 'request_body 4', 'request_trailers'],
      status: 200,
      upstream: { body: '', complete: true, trailers: { 'x-sum': 'abc' } },
    },
  },
  {
    name: 'STREAMED: with trailers SKIP the server is not even told of them',
    options: STREAMED,
    server: scripted({ request_body: CLEAR }),
    request: { body: ['held ', 'back'], trailers: { 'x-sum': 'abc' } },
    expected: {
      seen: ['request_headers', 'request_body 5', 'request_body 4'],
      status: 200,
      upstream: { body: '', complete: true },
    },
  },
  {
    name: 'STREAMED: a 403 at the trailers is clean for the client',
    options: { ...STREAMED, requestTrailers: 'SEND' },
    server: goodServer(judge),
    request: { body: ['held ', 'back'], trailers: { 'x-sum': 'abc' } },
    expected: { status: 403, upstream: { contact: 'early', body: '', complete: false } },
  },
  {
    name: 'STREAMED without waiting: nothing collapses, and held replies keep the upstream uncontacted',
    options: { ...STREAMED, sendBodyWithoutWaiting: true },
    server: scripted({
      request_headers: undefined,
      'request_body 1': undefined,
      'request_body 2': [
        { requestHeaders: {} },
        CLEAR,
        { requestBody: { response: { bodyMutation: { body: Buffer.from('whole') } } } },
      ],
    }),
    request: { body: 'abc' },
    expected: {
      seen: ['request_headers', 'request_body 3', 'request_body 0 end'],
      status: 200,
      upstream: { body: 'whole', framing: 'chunked' },
    },
  },
  {
    name: 'STREAMED without waiting: replies held for the end deadlock where trailers follow',
    options: { ...STREAMED, sendBodyWithoutWaiting: true, requestTrailers: 'SEND', messageTimeout: 300 },
    server: scripted({ request_headers: undefined, request_body: undefined }),
    request: { body: 'abc', trailers: { 'x-sum': 'abc' } },
    expected: { seen: ['request_headers', 'request_body 3'], status: 504, upstream: 'nothing' },
    violations: ['no_reply'],
  },
  {
    name: 'STREAMED: an upstream that answers early ends the exchange; the rest of the request is cut',
    options: STREAMED,
    server: scripted({}),
    request: {
      body: ['first', 'second', 'third'],
      response: { when: 'request-headers', status: 202, body: 'early' },
    },
    expected: { status: 202, answer: 'early', upstream: { contact: 'early', complete: false } },
  },
  {
    name: 'STREAMED: header edits of a body reply are dropped',
    options: STREAMED,
    server: scripted({
      request_body: { requestBody: { response: { headerMutation: setHeaders(['x-late', '1']) } } },
    }),
    request: { body: ['ab', 'cd'] },
    expected: { status: 200, upstream: { body: 'abcd', headers: { 'x-late': null } } },
    violations: ['header_edits_too_late', 'header_edits_too_late', 'header_edits_too_late'],
  },
  {
    name: 'STREAMED: of a slow HTTP/2 client the last piece has the end',
    options: STREAMED,
    server: scripted({}),
    request: { protocol: 'HTTP/2', body: ['ab', 'cd'] },
    expected: {
      seen: ['request_headers', 'request_body 2', 'request_body 2 end'],
      upstream: { contact: 'early', body: 'abcd' },
    },
  },
];

/** FULL_DUPLEX_STREAMED request bodies. */
export const DUPLEX_CASES: readonly Behaviour[] = [
  {
    name: 'FULL_DUPLEX_STREAMED: HTTP/1.1 bodies come as read, then an empty end',
    options: FDS,
    server: goodServer(judge),
    request: { body: '{"tier":"priority"}' },
    expected: {
      seen: ['request_headers', 'request_body 19', 'request_body 0 end'],
      status: 200,
      upstream: {
        body: '{"tier":"default"}',
        framing: 'chunked',
        headers: { 'content-length': null, 'x-seen': 'yes' },
      },
    },
  },
  {
    name: 'FULL_DUPLEX_STREAMED: HTTP/2 bodies come in frames of 16,384 bytes, the end on the last',
    options: FDS,
    server: goodServer(judge),
    request: { protocol: 'HTTP/2', body: 'y'.repeat(20_000) },
    expected: {
      seen: ['request_headers', 'request_body 16384', 'request_body 3616 end'],
      upstream: { body: 'y'.repeat(20_000), framing: 'chunked' },
    },
  },
  {
    name: 'FULL_DUPLEX_STREAMED: with the header reply held back, the upstream hears nothing before the end',
    options: FDS,
    server: goodServer(judge),
    request: { body: ['{"tier":', '"priority"}'] },
    expected: {
      seen: ['request_headers', 'request_body 8', 'request_body 11', 'request_body 0 end'],
      upstream: { contact: 'after-request-end', body: '{"tier":"default"}' },
    },
  },
  {
    name: 'FULL_DUPLEX_STREAMED: a 403 in place of the header reply reaches no upstream',
    options: FDS,
    server: goodServer(judge),
    request: { body: ['{"forb', 'idden":1}'] },
    expected: { status: 403, answer: '{"denied":true}', upstream: 'nothing' },
  },
  {
    name: 'FULL_DUPLEX_STREAMED: trailers are the end, no body message has it',
    options: FDS,
    server: goodServer(judge),
    request: { body: 'priority', trailers: { 'x-sum': 'abc' } },
    expected: {
      seen: ['request_headers', 'request_body 8', 'request_trailers'],
      status: 200,
      upstream: { body: 'default', framing: 'chunked', trailers: { 'x-sum': 'abc' } },
    },
  },
  {
    name: 'FULL_DUPLEX_STREAMED: content-length set by the server is ignored',
    options: FDS,
    server: scripted({
      request_headers: {
        requestHeaders: { response: { headerMutation: setHeaders(['content-length', '3']) } },
      },
      request_body: (message) =>
        chunk(
          'request',
          message.requestBody?.body ?? Buffer.alloc(0),
          message.requestBody?.endOfStream === true,
        ),
    }),
    request: { body: 'abc' },
    expected: {
      status: 200,
      upstream: { body: 'abc', framing: 'chunked', headers: { 'content-length': null } },
    },
  },
  {
    name: 'FULL_DUPLEX_STREAMED with allow_content_length_header: the set content-length arrives',
    since: '1.38.3',
    options: { ...FDS, allowContentLengthHeader: true },
    server: scripted({
      request_headers: undefined,
      'request_body 1': undefined,
      'request_body 2': [
        { requestHeaders: { response: { headerMutation: setHeaders(['content-length', '5']) } } },
        chunk('request', Buffer.from('whole'), true),
      ],
    }),
    request: { body: 'abc' },
    expected: { status: 200, upstream: { body: 'whole', framing: 'content-length' } },
  },
  {
    name: 'FULL_DUPLEX_STREAMED: a chunk of more than 64 KiB is taken',
    options: FDS,
    server: scripted({
      'request_body 1': undefined,
      'request_body 2': chunk('request', Buffer.alloc(65_537, 'z'), true),
    }),
    request: { body: 'abc' },
    expected: { status: 200, upstream: { body: 'z'.repeat(65_537) } },
    violations: ['chunk_too_large'],
  },
  {
    name: 'FULL_DUPLEX_STREAMED: header edits of a chunk are dropped',
    options: FDS,
    server: scripted({
      'request_body 1': undefined,
      'request_body 2': {
        requestBody: {
          response: {
            headerMutation: setHeaders(['x-late', '1']),
            bodyMutation: { streamedResponse: { body: Buffer.from('abc'), endOfStream: true } },
          },
        },
      },
    }),
    request: { body: 'abc' },
    expected: { status: 200, upstream: { body: 'abc', headers: { 'x-late': null } } },
    violations: ['header_edits_too_late'],
  },
  {
    name: 'FULL_DUPLEX_STREAMED: chunks that come at once stream on while the client still sends',
    options: FDS,
    server: scripted({
      request_body: (message) =>
        chunk(
          'request',
          message.requestBody?.body ?? Buffer.alloc(0),
          message.requestBody?.endOfStream === true,
        ),
    }),
    request: { body: ['ab', 'cd'] },
    expected: { status: 200, upstream: { contact: 'early', body: 'abcd', complete: true } },
  },
  {
    name: 'FULL_DUPLEX_STREAMED: a server may end the body early; it is not told of the rest',
    options: FDS,
    server: scripted({
      'request_body 1': chunk('request', Buffer.from('cut'), true),
      request_body: undefined,
    }),
    request: { body: ['abc', 'def', 'ghi'] },
    expected: {
      seen: ['request_headers', 'request_body 3'],
      status: 200,
      upstream: { contact: 'early', body: 'cut', complete: true },
    },
  },
  {
    name: 'FULL_DUPLEX_STREAMED: HTTP/2 trailers are the end',
    options: FDS,
    server: goodServer(judge),
    request: { protocol: 'HTTP/2', body: 'priority', contentLength: false, trailers: { 'x-sum': '1' } },
    expected: {
      seen: ['request_headers', 'request_body 8', 'request_trailers'],
      upstream: { body: 'default', trailers: { 'x-sum': '1' } },
    },
  },
];

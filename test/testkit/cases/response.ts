import type { Behaviour } from '../support/behaviour.ts';
import { chunk, DENIED, goodServer, judge, setHeaders } from '../support/good-server.ts';
import { scripted } from '../support/scripted-server.ts';

const QUIET = { requestHeaders: 'SKIP' } as const;

/** Answers of the upstream on their way to the client. */
export const RESPONSE_CASES: readonly Behaviour[] = [
  {
    name: 'answer: BUFFERED, edited with content-length',
    options: { ...QUIET, responseBody: 'BUFFERED' },
    server: scripted({
      response_body: {
        responseBody: {
          response: {
            headerMutation: setHeaders(['content-length', '3'], ['x-edited', '1']),
            bodyMutation: { body: Buffer.from('new') },
          },
        },
      },
    }),
    request: { body: 'b', response: { status: 201, body: 'old body' } },
    expected: {
      seen: ['response_headers', 'response_body 8 end'],
      status: 201,
      answer: 'new',
      answerHeaders: { 'content-length': '3', 'x-edited': '1' },
      details: null,
    },
  },
  {
    name: 'answer: BUFFERED, edited without content-length, is an error',
    options: { ...QUIET, responseBody: 'BUFFERED' },
    server: scripted({
      response_body: { responseBody: { response: { bodyMutation: { body: Buffer.from('new') } } } },
    }),
    request: { body: 'b', response: { body: 'old body' } },
    expected: { status: 500, answer: '' },
    violations: ['content_length_missing'],
  },
  {
    name: 'answer: headers can be edited, the body passes unseen',
    options: QUIET,
    server: scripted({
      response_headers: {
        responseHeaders: { response: { headerMutation: setHeaders([':status', '418'], ['x-edited', '1']) } },
      },
    }),
    request: { body: 'b', response: { body: 'as it is' } },
    expected: {
      seen: ['response_headers'],
      status: 418,
      answer: 'as it is',
      answerHeaders: { 'x-edited': '1', 'content-length': '8' },
    },
  },
  {
    name: 'answer: STREAMED, one message for each piece and an empty end',
    options: { ...QUIET, responseBody: 'STREAMED' },
    server: scripted({}),
    request: { body: 'b', response: { body: ['data: 1\n\n', 'data: 2\n\n'] } },
    expected: {
      seen: ['response_headers', 'response_body 9', 'response_body 9', 'response_body 0 end'],
      answer: 'data: 1\n\ndata: 2\n\n',
    },
  },
  {
    name: 'answer: STREAMED with headers SKIP',
    options: { ...QUIET, responseHeaders: 'SKIP', responseBody: 'STREAMED' },
    server: scripted({}),
    request: { body: 'b', response: { body: ['data: 1\n\n', 'data: 2\n\n'] } },
    expected: {
      seen: ['response_body 9', 'response_body 9', 'response_body 0 end'],
      answer: 'data: 1\n\ndata: 2\n\n',
    },
  },
  {
    name: 'answer: FULL_DUPLEX_STREAMED, given back as it comes',
    options: { ...QUIET, responseBody: 'FULL_DUPLEX_STREAMED' },
    server: goodServer(judge),
    request: { body: 'b', response: { body: ['data: 1\n\n', 'data: 2\n\n'] } },
    expected: {
      seen: ['response_headers', 'response_body 9', 'response_body 9', 'response_body 0 end'],
      answer: 'data: 1\n\ndata: 2\n\n',
      answerHeaders: { 'content-length': null },
    },
  },
  {
    name: 'answer: FULL_DUPLEX_STREAMED, bytes of the server between the pieces of the upstream',
    options: { ...QUIET, responseBody: 'FULL_DUPLEX_STREAMED' },
    server: scripted({
      'response_body 1': [
        chunk('response', Buffer.from('one'), false),
        chunk('response', Buffer.from(' and more'), false),
      ],
      'response_body 2': chunk('response', Buffer.alloc(0), false),
      'response_body 3': chunk('response', Buffer.from('.'), true),
    }),
    request: { body: 'b', response: { body: ['1', '2'] } },
    expected: { status: 200, answer: 'one and more.' },
  },
  {
    name: 'answer: without a body it is one message with the end',
    options: { ...QUIET, responseBody: 'STREAMED' },
    server: scripted({}),
    request: { body: 'b', response: { status: 204, contentLength: false } },
    expected: { seen: ['response_headers end'], status: 204, answer: '' },
  },
  {
    name: 'answer: trailers follow the last reply to a piece',
    options: { ...QUIET, responseBody: 'STREAMED', responseTrailers: 'SEND' },
    server: scripted({}),
    request: { body: 'b', response: { body: ['a', 'b'], trailers: { 'x-sum': '1' } } },
    expected: {
      seen: ['response_headers', 'response_body 1', 'response_body 1', 'response_trailers'],
      answer: 'ab',
    },
  },
  {
    name: 'answer: a spurious reply after the answer began resets the client',
    options: { ...QUIET, responseBody: 'STREAMED' },
    server: scripted({ 'response_body 2': { responseHeaders: {} } }),
    request: { body: 'b', response: { body: ['first', 'second', 'third'], contentLength: false } },
    expected: { status: 200, answer: 'first' },
    violations: ['second_reply'],
  },
  {
    name: 'answer: an immediate response after the answer began resets the client',
    options: { ...QUIET, responseBody: 'STREAMED' },
    server: scripted({ 'response_body 2': DENIED }),
    request: { body: 'b', response: { body: ['first', 'second', 'third'], contentLength: false } },
    expected: { status: 200, answer: 'first', details: 'good_denied_by_rule' },
  },
  {
    name: 'answer: STREAMED, a complete body in one read collapses into one message',
    options: { ...QUIET, responseBody: 'STREAMED' },
    server: scripted({}),
    request: { body: 'b', response: { body: 'abc' } },
    expected: { seen: ['response_headers', 'response_body 3 end'], answer: 'abc' },
  },
];

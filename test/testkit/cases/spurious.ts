import type {
  FilterOptions,
  ProcessingRequest,
  ProcessingResponse,
  ViolationCode,
} from '../../../src/testkit/index.ts';
import type { Behaviour } from '../support/behaviour.ts';
import { chunk } from '../support/good-server.ts';
import { type Script, scripted } from '../support/scripted-server.ts';

const BUFFERED = { requestBody: 'BUFFERED', responseHeaders: 'SKIP' } as const;
const STREAMED = { requestBody: 'STREAMED', responseHeaders: 'SKIP', responseBody: 'STREAMED' } as const;
const FDS = { requestBody: 'FULL_DUPLEX_STREAMED', responseHeaders: 'SKIP' } as const;
/** With an answer that the server sees too, so that Envoy listens to it after the request's end. */
const ANSWERED = { requestBody: 'FULL_DUPLEX_STREAMED' } as const;
const END: ProcessingResponse = chunk('request', Buffer.from('abc'), true);
const PLAIN: ProcessingResponse = {
  requestBody: { response: { bodyMutation: { body: Buffer.from('abc') } } },
};
const PLAIN_DETAILS =
  'spurious_message:_Normal_body_mutation_response_is_received_while_body_mode__is_FULL_DUPLEX_STREAMED';

/** Gives a chunk of full duplex back as it came. */
const KEEP = ({ requestBody }: ProcessingRequest): ProcessingResponse =>
  chunk('request', requestBody?.body ?? Buffer.alloc(0), requestBody?.endOfStream === true);

interface Breach {
  readonly code: ViolationCode;
  readonly options: FilterOptions;
  readonly script: Script;
  readonly details?: string;
  readonly slow?: boolean;
  readonly trailers?: boolean;
}

/** A breach that Envoy answers with its own 500. */
function refused(name: string, breach: Breach): Behaviour {
  const { code, options, script, details = 'spurious_message', slow = false, trailers = false } = breach;
  return {
    name: `spurious: ${name}`,
    options,
    server: scripted(script),
    request: {
      body: slow ? ['abc', 'def'] : 'abc',
      ...(trailers ? { trailers: { 'x-sum': '1' } } : {}),
      response: { body: ['slow', 'answer'] },
    },
    expected: { status: 500, answer: '', details },
    violations: [code],
  };
}

/** Replies at the wrong time or of the wrong kind. */
export const SPURIOUS_CASES: readonly Behaviour[] = [
  refused('a reply without a member of its oneof', {
    code: 'empty_reply',
    options: BUFFERED,
    script: { request_headers: {} },
    details: 'unhandled_message',
  }),
  refused('a body reply before the header reply', {
    code: 'body_reply_before_header_reply',
    options: BUFFERED,
    script: { request_headers: { requestBody: {} } },
  }),
  refused('two replies to the headers', {
    code: 'second_reply',
    options: BUFFERED,
    script: { request_headers: [{ requestHeaders: {} }, { requestHeaders: {} }] },
  }),
  refused('a header reply to a body', {
    code: 'second_reply',
    options: BUFFERED,
    script: { request_body: { requestHeaders: {} } },
  }),
  refused('two replies to a chunk', {
    code: 'second_reply',
    options: STREAMED,
    script: { 'request_body 1': [{ requestBody: {} }, { requestBody: {} }] },
    slow: true,
  }),
  refused('a trailers reply where no trailers were sent', {
    code: 'reply_without_message',
    options: BUFFERED,
    script: { request_headers: { requestTrailers: {} } },
  }),
  refused('a reply of the other direction', {
    code: 'reply_without_message',
    options: BUFFERED,
    script: { request_headers: { responseHeaders: {} } },
  }),
  refused('streamed_response in BUFFERED, where content-length is kept', {
    code: 'streamed_response_outside_duplex',
    options: BUFFERED,
    script: { request_body: END },
    details: 'mismatch_between_content_length_and_the_length_of_the_mutated_body',
  }),
  refused('a body reply before the header reply in full duplex', {
    code: 'body_reply_before_header_reply',
    options: FDS,
    script: { request_headers: END, request_body: undefined },
  }),
  refused('a plain body in full duplex', {
    code: 'plain_body_reply_in_duplex',
    options: FDS,
    script: {
      request_headers: undefined,
      'request_body 1': undefined,
      'request_body 2': [{ requestHeaders: {} }, PLAIN],
    },
    details: PLAIN_DETAILS,
  }),
  refused('an empty body reply in full duplex', {
    code: 'plain_body_reply_in_duplex',
    options: FDS,
    script: {
      request_headers: undefined,
      'request_body 1': undefined,
      'request_body 2': [{ requestHeaders: {} }, { requestBody: {} }],
    },
    details: PLAIN_DETAILS,
  }),
  refused('a chunk before the first chunk of Envoy', {
    code: 'bytes_before_first_chunk',
    options: FDS,
    script: {
      request_headers: [{ requestHeaders: {} }, chunk('request', Buffer.from('early'), false)],
      request_body: undefined,
    },
    slow: true,
  }),
  refused('a chunk after the end of stream', {
    code: 'reply_after_end_of_stream',
    options: ANSWERED,
    script: {
      'request_body 1': undefined,
      'request_body 2': [END, chunk('request', Buffer.from('x'), false)],
    },
  }),
  refused('the end of stream twice', {
    code: 'second_end_of_stream',
    options: ANSWERED,
    script: { 'request_body 1': undefined, 'request_body 2': [END, END] },
  }),
  refused('a chunk after the trailers reply', {
    code: 'reply_after_end_of_stream',
    options: ANSWERED,
    script: {
      request_body: KEEP,
      request_trailers: [{ requestTrailers: {} }, chunk('request', Buffer.from('x'), false)],
    },
    trailers: true,
  }),
  refused('streamed_response in STREAMED', {
    code: 'streamed_response_outside_duplex',
    options: STREAMED,
    script: { request_body: END },
    slow: true,
    details: 'spurious_message:_streamed_response_is_received_while_body_mode__is_not_FULL_DUPLEX_STREAMED',
  }),
];

/** Breaches that Envoy lets pass in silence, or that leave it waiting. */
export const SILENT_CASES: readonly Behaviour[] = [
  {
    name: 'silent: streamed_response to a collapsed body of STREAMED leaves the body as it is',
    options: STREAMED,
    server: scripted({ request_body: chunk('request', Buffer.from('new'), true) }),
    request: { body: 'abc' },
    expected: { status: 200, upstream: { body: 'abc' } },
    violations: ['streamed_response_outside_duplex'],
  },
  {
    name: 'silent: after an end of stream where trailers were sent, their reply is not read: the upstream waits',
    since: '1.37.0',
    options: { ...FDS, idleTimeout: 500 },
    server: scripted({ request_body: undefined, request_trailers: [END, { requestTrailers: {} }] }),
    request: { body: 'abc', trailers: { 'x-sum': '1' } },
    expected: { status: 504, details: 'stream_idle_timeout', upstream: { body: 'abc', complete: false } },
    violations: ['end_of_stream_before_trailers'],
  },
  {
    name: 'silent: a second trailers reply in full duplex has no effect',
    options: ANSWERED,
    server: scripted({
      request_body: KEEP,
      request_trailers: [{ requestTrailers: {} }, { requestTrailers: {} }],
    }),
    request: { body: 'abc', trailers: { 'x-sum': '1' } },
    expected: { status: 200, upstream: { body: 'abc', complete: true, trailers: { 'x-sum': '1' } } },
    violations: ['reply_after_end_of_stream'],
  },
  {
    name: 'silent: a trailers reply in place of the header reply lets the headers go and loses the body',
    options: FDS,
    server: scripted({
      request_headers: undefined,
      request_body: undefined,
      request_trailers: { requestTrailers: {} },
    }),
    request: { body: 'abc', trailers: { 'x-sum': '1' } },
    expected: { status: 200, upstream: { body: '', complete: true, trailers: { 'x-sum': '1' } } },
    violations: ['reply_out_of_order'],
  },
  {
    name: 'silent: a trailers reply without trailers leaves the upstream waiting',
    since: '1.38.3',
    options: { ...FDS, idleTimeout: 500 },
    server: scripted({ 'request_body 1': KEEP, 'request_body 2': { requestTrailers: {} } }),
    request: { body: 'abc' },
    expected: { status: 504, answer: 'stream timeout', details: 'stream_idle_timeout' },
    violations: ['reply_without_message'],
  },
  {
    name: 'silent: a server that never answers in full duplex is caught by the idle time-out alone',
    since: '1.37.0',
    options: { requestBody: 'FULL_DUPLEX_STREAMED', idleTimeout: 500 },
    server: scripted({ request_headers: undefined, request_body: undefined }),
    request: { body: 'abc' },
    expected: {
      seen: ['request_headers', 'request_body 3', 'request_body 0 end', 'response_headers'],
      status: 504,
      answer: 'stream timeout',
      details: 'stream_idle_timeout',
      upstream: 'nothing',
    },
    violations: ['no_reply'],
  },
  {
    name: 'silent: mode_override has no effect where the filter does not allow it',
    options: BUFFERED,
    server: scripted({
      request_headers: { requestHeaders: {}, modeOverride: { requestBodyMode: 'NONE' } },
    }),
    request: { body: 'abc' },
    expected: { seen: ['request_headers', 'request_body 3 end'], status: 200 },
    violations: ['override_ignored'],
  },
];

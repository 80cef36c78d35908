import type { Behaviour } from '../support/behaviour.ts';
import { DENIED, setHeaders } from '../support/good-server.ts';
import { scripted } from '../support/scripted-server.ts';

const BUFFERED = { requestBody: 'BUFFERED', responseHeaders: 'SKIP' } as const;
const STREAMED = { requestBody: 'STREAMED', responseHeaders: 'SKIP', responseBody: 'STREAMED' } as const;

/** Ends and errors of the gRPC stream, time-outs, and what fails open. */
export const FAILURE_CASES: readonly Behaviour[] = [
  {
    name: 'end: with OK at the headers the request passes unseen',
    options: BUFFERED,
    server: scripted({ request_headers: { grpc: 0 } }),
    request: { body: 'unseen' },
    expected: { seen: ['request_headers'], status: 200, details: null, upstream: { body: 'unseen' } },
    violations: ['ended_ok_early'],
  },
  {
    name: 'end: with OK at the body the unedited body passes',
    options: BUFFERED,
    server: scripted({ request_body: { grpc: 0 } }),
    request: { body: 'unseen' },
    expected: { status: 200, upstream: { body: 'unseen', complete: true } },
    violations: ['ended_ok_early'],
  },
  {
    name: 'end: with OK in STREAMED the queued and the later pieces pass',
    options: STREAMED,
    server: scripted({ 'request_body 1': { grpc: 0 } }),
    request: { body: ['first ', 'second'] },
    expected: { status: 200, upstream: { body: 'first second', complete: true } },
    violations: ['ended_ok_early'],
  },
  {
    name: 'end: with an error before anything went on is a 500 without a body',
    options: BUFFERED,
    server: scripted({ request_body: { grpc: 14 } }),
    request: { body: 'b' },
    expected: {
      status: 500,
      answer: '',
      details: 'ext_proc_error_gRPC_error_14{scripted%20end{via_upstream}}',
      upstream: 'nothing',
    },
  },
  {
    name: 'end: with an error gives status_on_error',
    options: { ...BUFFERED, statusOnError: 503 },
    server: scripted({ request_headers: { grpc: 13 } }),
    request: { body: 'b' },
    expected: {
      status: 503,
      details: 'ext_proc_error_gRPC_error_13{scripted%20end{via_upstream}}',
      upstream: 'nothing',
    },
  },
  {
    name: 'end: with an error under failure_mode_allow the request passes unseen',
    options: { ...BUFFERED, failureModeAllow: true },
    server: scripted({ request_body: { grpc: 14 } }),
    request: { body: 'unseen' },
    expected: { status: 200, details: null, upstream: { body: 'unseen' } },
  },
  {
    name: 'end: an error in STREAMED after the headers went on cuts the upstream',
    options: { ...STREAMED, statusOnError: 503 },
    server: scripted({ 'request_body 2': { grpc: 14 } }),
    request: { body: ['ab', 'cd', 'ef'] },
    expected: { status: 503, upstream: { contact: 'early', complete: false } },
  },
  {
    name: 'failure_mode_allow: a wrong content-length is refused all the same',
    options: { ...BUFFERED, failureModeAllow: true },
    server: scripted({
      request_body: { requestBody: { response: { bodyMutation: { body: Buffer.from('longer') } } } },
    }),
    request: { body: 'b' },
    expected: {
      status: 500,
      details: 'mismatch_between_content_length_and_the_length_of_the_mutated_body',
      upstream: 'nothing',
    },
    violations: ['content_length_missing'],
  },
  {
    name: 'failure_mode_allow: a bad header edit is refused all the same',
    options: { ...BUFFERED, failureModeAllow: true },
    server: scripted({
      request_headers: { requestHeaders: { response: { headerMutation: setHeaders(['x-a', 'a\nb']) } } },
    }),
    request: { body: 'b' },
    expected: { status: 500, upstream: 'nothing' },
    violations: ['invalid_header_value'],
  },
  {
    name: 'failure_mode_allow: a spurious reply lets the request pass unseen',
    options: { ...BUFFERED, failureModeAllow: true },
    server: scripted({ request_headers: {} }),
    request: { body: 'unseen' },
    expected: { status: 200, upstream: { body: 'unseen' } },
    violations: ['empty_reply'],
  },
  {
    name: 'time-out: a reply that does not come is a 504',
    options: { ...BUFFERED, messageTimeout: 200 },
    server: scripted({ request_body: undefined }),
    request: { body: 'b' },
    expected: {
      status: 504,
      answer: '',
      details: 'ext_proc_error_per-message_timeout_exceeded',
      upstream: 'nothing',
    },
    violations: ['no_reply'],
  },
  {
    name: 'time-out: under failure_mode_allow the request passes unseen',
    options: { ...BUFFERED, messageTimeout: 200, failureModeAllow: true },
    server: scripted({ request_body: undefined }),
    request: { body: 'unseen' },
    expected: { status: 200, upstream: { body: 'unseen' } },
    violations: ['no_reply'],
  },
  {
    name: 'observability: replies have no effect, and every message comes',
    options: { ...STREAMED, observability: true },
    server: scripted({ request_headers: DENIED }),
    request: { body: ['ab', 'cd'] },
    expected: {
      seen: ['request_headers', 'request_body 2', 'request_body 2', 'request_body 0 end'],
      status: 200,
      upstream: { body: 'abcd', framing: 'content-length' },
    },
  },
  {
    name: 'override_message_timeout: where none is allowed the whole reply is ignored',
    options: { ...BUFFERED, messageTimeout: 300 },
    server: scripted({
      request_headers: { requestHeaders: {}, overrideMessageTimeout: { seconds: '1' } },
    }),
    request: { body: 'b' },
    expected: { status: 504, upstream: 'nothing' },
    violations: ['override_ignored', 'no_reply'],
  },
];

import type { Behaviour } from '../support/behaviour.ts';
import { scripted } from '../support/scripted-server.ts';

const OPTIONS = { requestBody: 'BUFFERED', responseHeaders: 'SKIP' } as const;

/** What the server is shown besides the bodies. */
export const VIEW_CASES: readonly Behaviour[] = [
  {
    name: "view: pseudo-headers first, then the client's headers, then two of Envoy's; none of the connection",
    options: OPTIONS,
    server: scripted({}),
    request: {
      body: 'b',
      headers: { 'x-one': '1', expect: '100-continue', connection: 'close', te: 'trailers', 'x-two': '2' },
    },
    expected: {
      seenHeaders: [
        ':authority',
        ':path',
        ':method',
        ':scheme',
        'x-one',
        'te',
        'x-two',
        'content-length',
        'x-forwarded-proto',
        'x-request-id',
      ],
      status: 200,
    },
  },
  {
    name: 'view: a chunked body shows by the missing content-length alone',
    options: OPTIONS,
    server: scripted({}),
    request: { body: 'b', contentLength: false },
    expected: {
      seenHeaders: [':authority', ':path', ':method', ':scheme', 'x-forwarded-proto', 'x-request-id'],
    },
  },
  {
    name: 'view: headers that are not forwarded are hidden from the server, not from the upstream',
    options: { ...OPTIONS, disallowedHeaders: ['x-secret'] },
    server: scripted({}),
    request: { method: 'GET', headers: { 'x-secret': 's' } },
    expected: {
      seenHeaders: [':authority', ':path', ':method', ':scheme', 'x-forwarded-proto', 'x-request-id'],
      upstream: { headers: { 'x-secret': 's' } },
    },
  },
  {
    name: 'view: the first message tells the modes',
    options: { requestBody: 'STREAMED', responseBody: 'FULL_DUPLEX_STREAMED', sendBodyWithoutWaiting: true },
    server: scripted({}),
    request: { method: 'GET' },
    expected: { firstMessage: { modes: [1, 4, true], attributes: {}, metadata: {} } },
  },
  {
    name: 'view: no modes in observability mode',
    options: { requestBody: 'STREAMED', observability: true },
    server: scripted({}),
    request: { method: 'GET' },
    expected: { firstMessage: { modes: null, attributes: {}, metadata: {} } },
  },
  {
    name: 'view: attributes come with the first message, forwarded metadata with every one',
    options: {
      ...OPTIONS,
      requestAttributes: { 'request.path': '/v1/x', 'request.method': 'POST' },
      forwardedMetadata: { team: { name: 'red' } },
    },
    server: scripted({}),
    request: { path: '/v1/x', body: 'b' },
    expected: {
      firstMessage: {
        modes: [2, 0, false],
        attributes: { 'envoy.filters.http.ext_proc': { 'request.path': '/v1/x', 'request.method': 'POST' } },
        metadata: { team: { name: 'red' } },
      },
    },
  },
  {
    name: 'view: with headers SKIP the body message is the first, with modes and attributes',
    options: { ...OPTIONS, requestHeaders: 'SKIP', requestAttributes: { 'request.path': '/v1/x' } },
    server: scripted({}),
    request: { path: '/v1/x', body: 'b' },
    expected: {
      seen: ['request_body 1 end'],
      firstMessage: {
        modes: [2, 0, false],
        attributes: { 'envoy.filters.http.ext_proc': { 'request.path': '/v1/x' } },
        metadata: {},
      },
    },
  },
  {
    name: 'view: headers of an answer of the upstream',
    options: { requestHeaders: 'SKIP' },
    server: scripted({}),
    request: { method: 'GET', response: { status: 404, headers: { 'x-up': '1' }, body: 'no' } },
    expected: { seen: ['response_headers'], status: 404, answer: 'no' },
  },
];

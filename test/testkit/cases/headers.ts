import type { HeaderMutation } from '../../../src/testkit/index.ts';
import type { Behaviour } from '../support/behaviour.ts';
import { setHeaders } from '../support/good-server.ts';
import { scripted } from '../support/scripted-server.ts';

const OPTIONS = { requestBody: 'BUFFERED', responseHeaders: 'SKIP' } as const;

/** A server that answers the request headers with these edits. */
function edits(headerMutation: HeaderMutation) {
  return scripted({ request_headers: { requestHeaders: { response: { headerMutation } } } });
}

function raw(key: string, value: string) {
  return { key, rawValue: Buffer.from(value, 'latin1') };
}

/** What becomes of header edits. */
export const HEADER_CASES: readonly Behaviour[] = [
  {
    name: 'headers: a set replaces every line of the name, append adds one, remove takes all',
    options: OPTIONS,
    server: edits({
      setHeaders: [
        { header: raw('x-many', 'c') },
        { header: raw('x-more', 'second'), append: { value: true } },
        { header: raw('x-new', 'n'), append: { value: true } },
      ],
      removeHeaders: ['X-Gone'],
    }),
    request: {
      body: 'b',
      headers: [
        ['x-many', 'a'],
        ['x-many', 'b'],
        ['x-more', 'first'],
        ['x-gone', '1'],
      ],
    },
    expected: {
      status: 200,
      upstream: { headers: { 'x-many': 'c', 'x-more': 'first|second', 'x-new': 'n', 'x-gone': null } },
    },
  },
  {
    name: 'headers: removals come first, so remove and set of one name is a set',
    options: OPTIONS,
    server: edits({
      removeHeaders: ['x-a'],
      setHeaders: [{ header: raw('x-a', 'c') }, { header: raw('x-a', 'd'), append: { value: true } }],
    }),
    request: { body: 'b', headers: { 'x-a': 'old' } },
    expected: { upstream: { headers: { 'x-a': 'c|d' } } },
  },
  {
    name: 'headers: one that is set through value arrives empty',
    options: OPTIONS,
    server: edits({ setHeaders: [{ header: { key: 'x-a', value: 'lost' } }] }),
    request: { body: 'b', headers: { 'x-a': 'old' } },
    expected: { status: 200, upstream: { headers: { 'x-a': '' } } },
    violations: ['header_set_through_value'],
  },
  {
    name: 'headers: raw_value counts where value is set too',
    options: OPTIONS,
    server: edits({ setHeaders: [{ header: { key: 'x-a', value: 'v', rawValue: Buffer.from('r') } }] }),
    request: { body: 'b' },
    expected: { upstream: { headers: { 'x-a': 'r' } } },
    violations: ['header_set_through_value'],
  },
  {
    name: 'headers: append_action is ignored',
    options: OPTIONS,
    server: edits({ setHeaders: [{ header: raw('x-a', 'new'), appendAction: 'ADD_IF_ABSENT' }] }),
    request: { body: 'b', headers: { 'x-a': 'old' } },
    expected: { upstream: { headers: { 'x-a': 'new' } } },
    violations: ['append_action_used'],
  },
  {
    name: 'headers: the path can be set; host, method and x-envoy-* cannot',
    options: OPTIONS,
    server: edits(
      setHeaders(
        [':path', '/new?q=1'],
        ['host', 'elsewhere'],
        [':method', 'PUT'],
        ['x-envoy-max-retries', '3'],
      ),
    ),
    request: { path: '/old', body: 'b' },
    expected: {
      status: 200,
      upstream: { path: '/new?q=1', headers: { 'x-envoy-max-retries': null } },
    },
    violations: ['header_edit_ignored', 'header_edit_ignored', 'header_edit_ignored'],
  },
  {
    name: 'headers: bytes over 127 and empty values pass',
    options: OPTIONS,
    server: edits({
      setHeaders: [{ header: raw('x-utf8', '\u00c3\u00a9') }, { header: raw('x-empty', '') }],
    }),
    request: { body: 'b' },
    expected: { upstream: { headers: { 'x-utf8': '\u00c3\u00a9', 'x-empty': '' } } },
  },
  {
    name: 'headers: a hundred edits are taken',
    options: OPTIONS,
    server: edits(setHeaders(...manyHeaders(80))),
    request: { body: 'b' },
    expected: { status: 200, upstream: { headers: { 'x-n79': 'v' } } },
  },
  {
    name: 'headers: a hundred and one are refused',
    since: '1.37.0',
    options: OPTIONS,
    server: edits(setHeaders(...manyHeaders(101))),
    request: { body: 'b' },
    expected: {
      status: 500,
      details: 'header_mutation_operation_count_exceeds_limit',
      upstream: 'nothing',
    },
    violations: ['too_many_header_edits'],
  },
  {
    name: 'headers: a newline in a value is refused',
    since: '1.37.0',
    options: OPTIONS,
    server: edits(setHeaders(['x-a', 'one\ntwo'])),
    request: { body: 'b' },
    expected: {
      status: 500,
      details: 'header_mutation_set_contains_invalid_character',
      upstream: 'nothing',
    },
    violations: ['invalid_header_value'],
  },
  {
    name: 'headers: a name that is no token is refused',
    since: '1.37.0',
    options: OPTIONS,
    server: edits(setHeaders(['x a', 'v'])),
    request: { body: 'b' },
    expected: {
      status: 500,
      details: 'header_mutation_set_contains_invalid_character',
      upstream: 'nothing',
    },
    violations: ['invalid_header_name'],
  },
  {
    name: 'headers: a name that is no token cannot be removed either',
    since: '1.37.0',
    options: OPTIONS,
    server: edits({ removeHeaders: ['x a'] }),
    request: { body: 'b' },
    expected: {
      status: 500,
      details: 'header_mutation_remove_contains_invalid_character',
      upstream: 'nothing',
    },
    violations: ['invalid_header_name'],
  },
  {
    name: 'headers: a body mutation in a header reply is ignored',
    options: OPTIONS,
    server: scripted({
      request_headers: { requestHeaders: { response: { bodyMutation: { body: Buffer.from('new') } } } },
    }),
    request: { body: 'old' },
    expected: { status: 200, upstream: { body: 'old' } },
    violations: ['body_edit_in_header_reply'],
  },
];

function manyHeaders(count: number): [string, string][] {
  return Array.from({ length: count }, (_, index) => [`x-n${index}`, 'v']);
}

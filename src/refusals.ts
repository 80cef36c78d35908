/**
 * The one catalogue of refusals: what the client is told when a request or a message does not go upstream.
 * `docs/refusals.md` holds the same table, and a test holds the two equal. It imports nothing.
 */

interface Row {
  /** HTTP status; for `policy_violation` the default of `http.block_status`. */
  readonly status: number;
  /** Close code of a WebSocket (RFC 6455, section 7.4.1). */
  readonly closeCode: number;
  /** What is wrong and what to do next. Never holds anything of the request. */
  readonly text: string;
  /** Whether `retry-after` is sent: the same request can succeed a little later. */
  readonly retryAfter: boolean;
}

/** RFC 6455, section 7.4.1: the peer broke the framing. */
const CLOSE_PROTOCOL_ERROR = 1002;
/** RFC 6455, section 7.4.1: the bytes of a message do not fit its type. */
const CLOSE_INVALID_DATA = 1007;
/** RFC 6455, section 7.4.1: the message breaks a policy; the code of every refusal without one of its own. */
const CLOSE_POLICY = 1008;
/** RFC 6455, section 7.4.1: the message is too big. */
const CLOSE_TOO_BIG = 1009;

function row(status: number, text: string, closeCode = CLOSE_POLICY, retryAfter = false): Row {
  return { status, closeCode, text, retryAfter };
}

const rows = {
  policy_violation: row(
    403,
    'The policy of this gateway does not allow this service tier. Ask for another tier or leave it out, or ask the operator.',
  ),
  malformed_json: row(
    400,
    'The body is not one valid JSON object in UTF-8. Send exactly one JSON object, without a byte order mark.',
  ),
  json_too_deep: row(
    400,
    'The JSON of the body is nested too deeply. Send it with fewer levels of objects and arrays.',
  ),
  json_too_many_members: row(
    400,
    'The JSON of the body has too many members. Split the request into smaller ones.',
  ),
  ambiguous_member: row(
    400,
    'A member that the policy reads stands twice, in another case or with characters that some readers drop, so that it could be read in two ways. Send it once, in lower case.',
  ),
  unknown_tier: row(
    400,
    'The service tier is no word that this gateway knows. Send a tier that the API documents, or leave it out.',
  ),
  invalid_tier: row(400, 'The service tier is not a string. Send it as a string, or leave it out.'),
  unsupported_tier: row(
    400,
    'The policy sets a service tier that this API has no word for. Ask the operator to correct the force_tier of the rule.',
  ),
  missing_type: row(
    400,
    'The message has no type. Send a "type" that is a non-empty string, for example "response.create".',
  ),
  unsupported_encoding: row(
    415,
    'The content-encoding of the body is not supported. Send the body without one, or with gzip, deflate, br or zstd.',
  ),
  unsupported_charset: row(
    415,
    'The charset of the content-type is not UTF-8, so that the body could be read in two ways. Send JSON in UTF-8, and leave the charset out.',
  ),
  corrupt_encoding: row(
    400,
    'The body cannot be decoded with its content-encoding. Send the header that fits the bytes, and the whole body.',
  ),
  body_too_large: row(
    413,
    'The body is larger than this gateway accepts. Send a smaller one, or ask the operator to raise limits.body.',
    CLOSE_TOO_BIG,
  ),
  path_not_normal: row(
    400,
    'The path can be read in more than one way. Send it without encoded slashes, dot segments and broken percent escapes.',
  ),
  unsupported_route: row(
    403,
    'This gateway cannot judge this API yet. Use another API, or ask the operator to give the route a dialect, or "dialect: none" to let it pass unjudged.',
  ),
  unknown_route: row(
    403,
    'This gateway lets only known paths pass. Check the path, or ask the operator to give the route a dialect, or "dialect: none" to let it pass unjudged.',
  ),
  upgrade_refused: row(
    426,
    'This path does not take the upgrade that was asked for. Send the request without it, as a plain HTTP request.',
  ),
  trailers_refused: row(
    400,
    'A request that announces trailers cannot be judged here. Send it without trailers, or ask the operator for the body mode BUFFERED or FULL_DUPLEX_STREAMED.',
  ),
  policy_unavailable: row(
    503,
    'The policy of this gateway cannot be read at present. Try again later, or ask the operator.',
    CLOSE_POLICY,
    true,
  ),
  overloaded: row(
    503,
    'This gateway holds as many bytes as it may at present. Try again after the time of retry-after.',
    CLOSE_POLICY,
    true,
  ),
  protocol_error: row(
    400,
    'The frames of this WebSocket break RFC 6455. Send masked frames without reserved bits, and without compression.',
    CLOSE_PROTOCOL_ERROR,
  ),
  message_too_large: row(
    413,
    'The message is larger than this gateway accepts. Send a smaller one, or ask the operator to raise its limit.',
    CLOSE_TOO_BIG,
  ),
  invalid_utf8: row(
    400,
    'The text message is not UTF-8. Send text as UTF-8, or other bytes in a binary message.',
    CLOSE_INVALID_DATA,
  ),
} as const satisfies Readonly<Record<string, Row>>;

/** The stable machine word of a refusal; the same in errors, decisions, metrics and docs. */
export type RefusalCode = keyof typeof rows;

/** All codes, in the order of the catalogue. */
export const refusalCodes = Object.keys(rows) as readonly RefusalCode[];

/** One refusal, ready to be put into the shape of a dialect or into an error event. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly status: number;
  readonly closeCode: number;
  /** `error.type` that clients expect at this status. */
  readonly type: string;
  readonly message: string;
  /** `tiergate_<code>`: what Envoy logs as the details of the response. */
  readonly details: string;
  readonly retryAfter: boolean;
}

/** What a refusal may have in place of the catalogue's values. */
export interface RefusalOverrides {
  /** For example the `block_status` of the route; `type` follows it. */
  readonly status?: number | undefined;
  /** For example the message of a rule. */
  readonly message?: string | undefined;
}

/**
 * `error.type` at an HTTP status. The words are those that OpenAI's and Anthropic's errors have in common; OpenAI
 * says `server_error` for the 5xx range, and a dialect with other words for a status translates.
 */
export function errorType(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 429:
      return 'rate_limit_error';
    default:
      return status >= 500 ? 'server_error' : 'invalid_request_error';
  }
}

/** The refusal of the catalogue row `code`, with `overrides` in place of its values. */
export function refuse(code: RefusalCode, overrides: RefusalOverrides = {}): Refusal {
  const { closeCode, text, retryAfter, status: defaultStatus } = rows[code];
  const status = overrides.status ?? defaultStatus;
  return {
    code,
    status,
    closeCode,
    type: errorType(status),
    message: overrides.message ?? text,
    details: `tiergate_${code}`,
    retryAfter,
  };
}

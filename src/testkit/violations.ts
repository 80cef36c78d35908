/** What Envoy does when a server breaks the rule: answer the client with an error, go on without a word, or hang. */
export type EnvoyReaction = 'refuses the request' | 'accepts in silence' | 'waits for ever';

interface CatalogueRow {
  /** What the server did, in plain words. */
  readonly rule: string;
  readonly envoy: EnvoyReaction;
}

/**
 * Every breach of the ext_proc contract that the kit finds. The table in `docs/testkit.md` is held equal to it.
 * `envoy` is measured behaviour (Envoy 1.36–1.40); what is accepted in silence is the more dangerous half.
 */
export const VIOLATIONS = {
  empty_reply: {
    rule: 'a ProcessingResponse without any member of its oneof',
    envoy: 'refuses the request',
  },
  second_reply: {
    rule: 'one more reply than messages of that kind: two replies to a chunk, to the headers or to the trailers',
    envoy: 'refuses the request',
  },
  reply_without_message: {
    rule: 'a reply to a kind of message that Envoy has not sent: the wrong direction, or before its time',
    envoy: 'refuses the request',
  },
  reply_out_of_order: {
    rule: 'a reply to a message before the reply to an older one of the same direction',
    envoy: 'refuses the request',
  },
  body_reply_before_header_reply: {
    rule: 'a body reply while the header reply of that direction is still due',
    envoy: 'refuses the request',
  },
  plain_body_reply_in_duplex: {
    rule: 'a body reply without `streamed_response` (`body`, `clear_body` or no mutation) in FULL_DUPLEX_STREAMED',
    envoy: 'refuses the request',
  },
  streamed_response_outside_duplex: {
    rule: '`streamed_response` in a mode other than FULL_DUPLEX_STREAMED',
    envoy: 'refuses the request',
  },
  bytes_before_first_chunk: {
    rule: 'a `streamed_response` before Envoy has sent the first body chunk of that direction',
    envoy: 'refuses the request',
  },
  chunk_too_large: {
    rule: 'a `streamed_response` of more than 65,536 bytes',
    envoy: 'accepts in silence',
  },
  second_end_of_stream: {
    rule: '`end_of_stream` twice in one direction of FULL_DUPLEX_STREAMED',
    envoy: 'refuses the request',
  },
  end_of_stream_before_trailers: {
    rule: '`end_of_stream` in a chunk where Envoy has sent trailers: the end is the reply to them',
    envoy: 'waits for ever',
  },
  reply_after_end_of_stream: {
    rule: 'a chunk or a trailers reply after the server ended that direction of FULL_DUPLEX_STREAMED',
    envoy: 'refuses the request',
  },
  reply_after_immediate_response: {
    rule: 'any reply after an immediate response',
    envoy: 'accepts in silence',
  },
  immediate_response_without_status: {
    rule: 'an immediate response without a status of 200 or more: the client gets 200 with the error body',
    envoy: 'accepts in silence',
  },
  immediate_response_disabled: {
    rule: 'an immediate response where the filter has `disable_immediate_response`',
    envoy: 'refuses the request',
  },
  header_set_through_value: {
    rule: 'a header set through `value`; only `raw_value` is read, so the header arrives empty',
    envoy: 'accepts in silence',
  },
  append_action_used: {
    rule: '`append_action` in a header edit; it is ignored, only `append` is read',
    envoy: 'accepts in silence',
  },
  header_edit_ignored: {
    rule: 'an edit of a header that a server may not change (`host`, `:authority`, `:method`, `x-envoy-*` …)',
    envoy: 'accepts in silence',
  },
  body_edit_in_header_reply: {
    rule: 'a body mutation in a header reply without CONTINUE_AND_REPLACE; it is ignored',
    envoy: 'accepts in silence',
  },
  header_edits_too_late: {
    rule: 'header edits in a body reply when the headers have gone on (STREAMED, FULL_DUPLEX_STREAMED, headers SKIP)',
    envoy: 'accepts in silence',
  },
  too_many_header_edits: {
    rule: 'more than 100 headers set, or more than 100 removed, in one reply',
    envoy: 'refuses the request',
  },
  invalid_header_value: {
    rule: 'a newline or another control character in a header value',
    envoy: 'refuses the request',
  },
  invalid_header_name: {
    rule: 'a header name that is not a token of RFC 9110',
    envoy: 'refuses the request',
  },
  content_length_missing: {
    rule: 'a body edit in BUFFERED without `content-length` in the same reply',
    envoy: 'refuses the request',
  },
  content_length_mismatch: {
    rule: 'a `content-length` that is not the length of the body that goes on',
    envoy: 'refuses the request',
  },
  override_ignored: {
    rule: '`mode_override` or `override_message_timeout`, which the filter as configured here does not allow',
    envoy: 'accepts in silence',
  },
  ended_ok_early: {
    rule: 'the gRPC stream ended with OK before Envoy ended it: the rest of the exchange passes unseen',
    envoy: 'accepts in silence',
  },
  no_reply: {
    rule: 'a reply that was due did not come in time',
    envoy: 'refuses the request',
  },
} as const satisfies Record<string, CatalogueRow>;

export type ViolationCode = keyof typeof VIOLATIONS;

/** One breach, found in one exchange. */
export interface Violation {
  readonly code: ViolationCode;
  /** What was wrong, with direction, mode and numbers. Never holds a body. */
  readonly message: string;
}

/** Thrown by `exchange` and `closed` when the server broke the contract and `allowViolations` is not set. */
export class ViolationError extends Error {
  override readonly name = 'ViolationError';
  readonly violations: readonly Violation[];

  constructor(violations: readonly Violation[]) {
    const lines = violations.map(({ code, message }) => `- ${code}: ${message}`);
    super(`the server broke the ext_proc contract:\n${lines.join('\n')}`);
    this.violations = violations;
  }
}

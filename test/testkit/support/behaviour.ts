import { createHash } from 'node:crypto';
import type {
  FilterOptions,
  ProcessingRequest,
  ScriptedRequest,
  ServerHandler,
  ViolationCode,
} from '../../../src/testkit/index.ts';

/**
 * One behaviour that the kit claims of Envoy: a server, a request and what comes of it. The same list is run against
 * the double and against a real Envoy.
 */
export interface Behaviour {
  readonly name: string;
  readonly options: FilterOptions;
  readonly server: ServerHandler;
  readonly request: ScriptedRequest;
  readonly expected: Expected;
  /** The first of the tested Envoy releases that behaves so; absent = all of them. */
  readonly since?: string;
  /** What the double says besides; a real Envoy has no such words. */
  readonly violations?: readonly ViolationCode[];
}

/** What is compared; a member that is left out is not. */
export interface Expected {
  /** The messages that the server saw, in the words of `messageWords`. */
  readonly seen?: readonly string[];
  /** Names of the header lines of the first headers message, in order. */
  readonly seenHeaders?: readonly string[];
  /** What comes with the first message besides its content. */
  readonly firstMessage?: FirstMessage;
  readonly status?: number;
  readonly answer?: string;
  readonly answerHeaders?: Readonly<Record<string, string | null>>;
  /** `%RESPONSE_CODE_DETAILS%`; null = the upstream's answer. */
  readonly details?: string | null;
  /** What the upstream got; 'nothing' = it was never contacted. */
  readonly upstream?: 'nothing' | ExpectedUpstream;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
}

/** The parts of the first message that tell of the stream. */
export interface FirstMessage {
  /** Enum numbers of the request's and the answer's body mode, and the flag; null where they are not told. */
  readonly modes: readonly [number, number, boolean] | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface ExpectedUpstream {
  /** Before the client's last byte, or after it. Compared where the client is slow. */
  readonly contact?: 'early' | 'after-request-end';
  readonly body?: string;
  readonly framing?: 'none' | 'content-length' | 'chunked';
  readonly complete?: boolean;
  readonly path?: string;
  /** Values of a header, one a line, joined by `|`; null = no such line. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** What came of one run, the same from the double and from a real Envoy. */
export interface Outcome {
  readonly seen: readonly string[];
  readonly seenHeaders: readonly string[];
  readonly firstMessage: FirstMessage | undefined;
  readonly status: number;
  readonly answer: string;
  readonly answerHeaders: readonly (readonly [string, string])[];
  readonly details: string | null;
  readonly upstream: 'nothing' | UpstreamOutcome;
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

export interface UpstreamOutcome {
  readonly contact: 'early' | 'after-request-end';
  readonly body: string;
  readonly framing: 'none' | 'content-length' | 'chunked';
  readonly complete: boolean;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly trailers: readonly (readonly [string, string])[];
}

/** A message in words: its kind, the bytes of a body, and `end` where it has `end_of_stream`. */
export function messageWords(message: ProcessingRequest): string {
  const end = (flag: boolean | undefined): string => (flag === true ? ' end' : '');
  if (message.requestHeaders) return `request_headers${end(message.requestHeaders.endOfStream)}`;
  if (message.responseHeaders) return `response_headers${end(message.responseHeaders.endOfStream)}`;
  if (message.requestTrailers) return 'request_trailers';
  if (message.responseTrailers) return 'response_trailers';
  const [kind, body] =
    message.requestBody === undefined
      ? ['response_body', message.responseBody]
      : ['request_body', message.requestBody];
  return `${kind} ${body?.body?.length ?? 0}${end(body?.endOfStream)}`;
}

/** Long bodies by length and digest, so that a difference can be read. */
export function brief(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, member: unknown) =>
      typeof member === 'string' && member.length > 200
        ? `${member.length} bytes, sha256 ${createHash('sha256').update(member, 'latin1').digest('hex')}`
        : member,
    ),
  );
}

/** The outcome cut down to what is expected, so that the two can be compared whole. */
export function relevant(outcome: Outcome, expected: Expected): unknown {
  const found: Record<string, unknown> = {};
  for (const key of Object.keys(expected) as (keyof Expected)[]) {
    found[key] = outcome[key];
    const { upstream } = outcome;
    if (key === 'answerHeaders') {
      found[key] = headersOf(outcome.answerHeaders, expected.answerHeaders ?? {});
    } else if (key === 'upstream' && upstream !== 'nothing' && typeof expected.upstream === 'object') {
      found[key] = relevantUpstream(upstream, expected.upstream);
    }
  }
  return found;
}

function relevantUpstream(upstream: UpstreamOutcome, expected: ExpectedUpstream): unknown {
  const found: Record<string, unknown> = {};
  for (const key of Object.keys(expected) as (keyof ExpectedUpstream)[]) {
    if (key === 'headers') found[key] = headersOf(upstream.headers, expected.headers ?? {});
    else if (key === 'trailers') found[key] = Object.fromEntries(upstream.trailers);
    else found[key] = upstream[key];
  }
  return found;
}

function headersOf(
  lines: readonly (readonly [string, string])[],
  wanted: Readonly<Record<string, string | null>>,
): Record<string, string | null> {
  const found: Record<string, string | null> = {};
  for (const name of Object.keys(wanted)) {
    const values = lines.filter(([key]) => key === name).map(([, value]) => value);
    found[name] = values.length === 0 ? null : values.join('|');
  }
  return found;
}

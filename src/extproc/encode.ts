import type { HeaderEdits, HeaderLine } from '../dialects/types.ts';
import type { DirectionName, DynamicMetadata, ImmediateReply, Reply } from '../exchange/events.ts';
import type { HeaderValueOption } from '../gen/envoy/config/core/v3/base.ts';
import type {
  BodyMutation,
  CommonResponse,
  HeaderMutation,
  ProcessingResponse,
} from '../gen/envoy/service/ext_proc/v3/external_processor.ts';
import type { StatusCode } from '../gen/envoy/type/v3/http_status.ts';

/** The namespace of our dynamic metadata; Envoy keeps it where `receiving_namespaces` lists it. */
const metadataNamespace = 'tiergate';

/** Envoy fails the request with 500 above this many header edits (measured on Envoy 1.36–1.40: 101 fail). */
const maxHeaderEdits = 100;

type Response = NonNullable<ProcessingResponse['response']>;

/** Encodes a reply. @throws Error where a header edit is one that fails the request in Envoy */
export function encodeReply(reply: Reply): ProcessingResponse {
  return processingResponse(replyMember(reply), reply.metadata);
}

/**
 * Encodes an immediate response; its status is always set, because Envoy reads a missing one as 200.
 *
 * @throws Error where the status is none, or a header is one that Envoy would drop
 */
export function encodeImmediate(reply: ImmediateReply): ProcessingResponse {
  if (!Number.isInteger(reply.status) || reply.status < 200 || reply.status > 599) {
    throw new Error('an immediate response needs a status from 200 to 599');
  }
  const member: Response = {
    $case: 'immediateResponse',
    value: {
      // The enum is open in proto3: every status goes on the wire as its number.
      status: { code: reply.status as StatusCode },
      headers: headerMutation({ remove: [], set: reply.headers, append: [] }),
      body: reply.body,
      grpcStatus: undefined,
      details: reply.details,
    },
  };
  return processingResponse(member, reply.metadata);
}

function replyMember(reply: Reply): Response {
  switch (reply.kind) {
    case 'headers':
      return headersMember(reply.direction, common(reply.edits, undefined));
    case 'body':
      return bodyMember(reply.direction, common(reply.edits, bodyMutation(reply.body)));
    case 'chunk': {
      const { bytes, endOfStream } = reply;
      const value = { body: bytes, endOfStream, endOfStreamWithoutMessage: false };
      const mutation: BodyMutation = { mutation: { $case: 'streamedResponse', value } };
      return bodyMember(reply.direction, common(undefined, mutation));
    }
    case 'trailers': {
      const value = { headerMutation: undefined };
      return reply.direction === 'request'
        ? { $case: 'requestTrailers', value }
        : { $case: 'responseTrailers', value };
    }
  }
}

function headersMember(direction: DirectionName, response: CommonResponse | undefined): Response {
  return direction === 'request'
    ? { $case: 'requestHeaders', value: { response } }
    : { $case: 'responseHeaders', value: { response } };
}

function bodyMember(direction: DirectionName, response: CommonResponse | undefined): Response {
  return direction === 'request'
    ? { $case: 'requestBody', value: { response } }
    : { $case: 'responseBody', value: { response } };
}

function bodyMutation(body: Extract<Reply, { kind: 'body' }>['body']): BodyMutation | undefined {
  switch (body.kind) {
    case 'keep':
      return undefined;
    case 'clear':
      return { mutation: { $case: 'clearBody', value: true } };
    case 'replace':
      return { mutation: { $case: 'body', value: body.bytes } };
  }
}

function common(
  edits: HeaderEdits | undefined,
  mutation: BodyMutation | undefined,
): CommonResponse | undefined {
  const headers = edits === undefined ? undefined : headerMutation(edits);
  if (headers === undefined && mutation === undefined) return undefined;
  return {
    status: 0,
    headerMutation: headers,
    bodyMutation: mutation,
    trailers: undefined,
    clearRouteCache: false,
  };
}

/** Removals come first in Envoy too. `append_action` stays unset: the filter ignores it and reads `append`. */
function headerMutation(edits: HeaderEdits): HeaderMutation | undefined {
  const { remove, set, append } = edits;
  const count = remove.length + set.length + append.length;
  if (count === 0) return undefined;
  if (count > maxHeaderEdits) throw new Error(`more than ${maxHeaderEdits} header edits in one reply`);
  for (const name of remove) checkName(name);
  const setHeaders = set.map((line) => headerOption(line, undefined));
  for (const line of append) setHeaders.push(headerOption(line, true));
  return { setHeaders, removeHeaders: [...remove] };
}

/** The value goes into `raw_value` only: Envoy empties a header that is set through `value`. */
function headerOption(line: HeaderLine, append: true | undefined): HeaderValueOption {
  checkName(line.name);
  checkValue(line);
  const header = { key: line.name, value: '', rawValue: Buffer.from(line.value, 'latin1') };
  return { header, append, appendAction: 0, keepEmptyValue: false };
}

function checkName(name: string): void {
  if (!/^:?[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) throw new Error('a header edit with a malformed name');
}

/** One character is one byte; control characters other than the tab fail the whole request in Envoy. */
function checkValue(line: HeaderLine): void {
  for (let at = 0; at < line.value.length; at++) {
    const code = line.value.charCodeAt(at);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) {
      throw new Error(`a header edit of ${line.name} with a character that no header may hold`);
    }
  }
}

function processingResponse(response: Response, metadata: DynamicMetadata | undefined): ProcessingResponse {
  return {
    response,
    dynamicMetadata: metadata === undefined ? undefined : { [metadataNamespace]: metadata },
    modeOverride: undefined,
    overrideMessageTimeout: undefined,
  };
}

const noBytes = new Uint8Array(0);

/** Bytes of a body that a reply carries. */
export function replyBytes(reply: Reply): Uint8Array {
  if (reply.kind === 'chunk') return reply.bytes;
  return reply.kind === 'body' && reply.body.kind === 'replace' ? reply.body.bytes : noBytes;
}

import { asBuffer } from '../../exchange/bytes.ts';
import {
  CommonResponse,
  ProcessingResponse,
  StreamedBodyResponse,
} from '../../gen/envoy/service/ext_proc/v3/external_processor.ts';

/** Smaller bodies go through the generated encoder: its copies cost less than a second way of encoding. */
const DIRECT_FROM_BYTES = 512;

/** Key bytes of length-delimited fields: (number << 3) | 2. */
const KEY = {
  /** `BodyMutation.body` and `StreamedBodyResponse.body`, `BodyResponse.response`: field 1. */
  first: 0x0a,
  /** `CommonResponse.body_mutation`, `BodyMutation.streamed_response`: field 3. */
  third: 0x1a,
  requestBody: 0x1a,
  responseBody: 0x22,
} as const;

/**
 * The wire form of a response. The generated encoder copies a body once for each of the four messages around it; here
 * the lengths are worked out from the inside and the body is written once.
 */
export function encodeResponse(message: ProcessingResponse): Buffer {
  const { response } = message;
  if (response?.$case === 'requestBody' || response?.$case === 'responseBody') {
    const common = response.value.response;
    const mutation = common?.bodyMutation?.mutation;
    const body =
      mutation?.$case === 'body'
        ? mutation.value
        : mutation?.$case === 'streamedResponse'
          ? mutation.value.body
          : undefined;
    if (common !== undefined && body !== undefined && body.length >= DIRECT_FROM_BYTES) {
      return encodeAround(message, common, body);
    }
  }
  return asBuffer(ProcessingResponse.encode(message).finish());
}

function encodeAround(message: ProcessingResponse, common: CommonResponse, body: Uint8Array): Buffer {
  const mutation = common.bodyMutation?.mutation;
  // What stands beside the body is small; proto3 lets fields come in any order.
  const besideMutation = CommonResponse.encode({ ...common, bodyMutation: undefined }).finish();
  const besideResponse = ProcessingResponse.encode({ ...message, response: undefined }).finish();
  const streamed = mutation?.$case === 'streamedResponse' ? mutation.value : undefined;
  const besideBody =
    streamed === undefined ? EMPTY : StreamedBodyResponse.encode({ ...streamed, body: EMPTY }).finish();

  const bodyField = fieldLength(body.length);
  const innermost = bodyField + besideBody.length;
  const mutationLength = streamed === undefined ? innermost : fieldLength(innermost);
  const commonLength = besideMutation.length + fieldLength(mutationLength);
  const bodyResponse = fieldLength(commonLength);
  const bytes = Buffer.allocUnsafe(fieldLength(bodyResponse) + besideResponse.length);

  const isRequest = message.response?.$case === 'requestBody';
  let at = writeHead(bytes, 0, isRequest ? KEY.requestBody : KEY.responseBody, bodyResponse);
  at = writeHead(bytes, at, KEY.first, commonLength);
  bytes.set(besideMutation, at);
  at = writeHead(bytes, at + besideMutation.length, KEY.third, mutationLength);
  if (streamed !== undefined) at = writeHead(bytes, at, KEY.third, innermost);
  at = writeHead(bytes, at, KEY.first, body.length);
  bytes.set(body, at);
  at += body.length;
  bytes.set(besideBody, at);
  bytes.set(besideResponse, at + besideBody.length);
  return bytes;
}

const EMPTY = new Uint8Array(0);

/** Bytes of a length-delimited field with its key (one byte for the fields used here) and length. */
function fieldLength(length: number): number {
  return 1 + varintLength(length) + length;
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}

/** Writes key and length; returns the offset after them. */
function writeHead(bytes: Buffer, start: number, key: number, length: number): number {
  bytes[start] = key;
  let at = start + 1;
  let rest = length;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
    bytes[at] = (rest % 0x80) | 0x80;
    at += 1;
  }
  bytes[at] = rest;
  return at + 1;
}

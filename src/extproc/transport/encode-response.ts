import type { HeaderValueOption } from '../../gen/envoy/config/core/v3/base.ts';
import {
  type BodyMutation,
  type CommonResponse,
  type HeaderMutation,
  ProcessingResponse,
} from '../../gen/envoy/service/ext_proc/v3/external_processor.ts';
import { BackwardWriter } from './backward-writer.ts';
import { writeStruct } from './encode-struct.ts';

/** Key bytes: (field number << 3) | wire type. Names where one number serves one message only. */
const key = {
  first: 0x0a,
  second: 0x12,
  third: 0x1a,
  dynamicMetadata: 0x42,
  secondVarint: 0x10,
  thirdVarint: 0x18,
  fourthVarint: 0x20,
} as const;

/** The members of `ProcessingResponse.response` that every request has. */
const memberKeys = {
  requestHeaders: 0x0a,
  responseHeaders: 0x12,
  requestBody: 0x1a,
  responseBody: 0x22,
  requestTrailers: 0x2a,
  responseTrailers: 0x32,
} as const;

/** Nothing here waits while it is in use. */
const writer = new BackwardWriter();

/**
 * A response as a gRPC message, in pieces: the prefix and its wire form. The generated encoder copies a body once for each
 * of the messages around it, and makes several objects for each nested message; here everything is written once, from
 * the end, and a large body is a piece of its own.
 *
 * @throws Error for metadata that no Struct can hold
 */
export function encodeFrame(message: ProcessingResponse): readonly Uint8Array[] {
  const { response } = message;
  writer.start();
  if (response === undefined || response.$case === 'immediateResponse' || hasRareParts(message)) {
    writer.bytes(ProcessingResponse.encode(message).finish());
  } else {
    const common = 'response' in response.value ? response.value.response : undefined;
    writeMetadata(message.dynamicMetadata);
    const member = writer.length;
    if (common !== undefined) {
      const start = writer.length;
      writeCommon(common);
      writer.close(key.first, start);
    } else if ('headerMutation' in response.value && response.value.headerMutation !== undefined) {
      const start = writer.length;
      writeHeaderMutation(response.value.headerMutation);
      writer.close(key.first, start);
    }
    writer.close(memberKeys[response.$case], member);
  }
  writer.uint32(writer.length);
  writer.byte(0);
  return writer.finish();
}

/** Whether there is something that Tiergate never sends; the generated encoder knows it. */
function hasRareParts({ response, modeOverride, overrideMessageTimeout }: ProcessingResponse): boolean {
  if (modeOverride !== undefined || overrideMessageTimeout !== undefined) return true;
  const common = response !== undefined && 'response' in response.value ? response.value.response : undefined;
  if (common === undefined) return false;
  return common.status !== 0 || common.trailers !== undefined || common.clearRouteCache;
}

function writeMetadata(metadata: ProcessingResponse['dynamicMetadata']): void {
  if (metadata === undefined) return;
  const start = writer.length;
  writeStruct(writer, metadata);
  writer.close(key.dynamicMetadata, start);
}

function writeCommon({ headerMutation, bodyMutation }: CommonResponse): void {
  if (bodyMutation !== undefined) {
    const start = writer.length;
    writeBodyMutation(bodyMutation);
    writer.close(key.third, start);
  }
  if (headerMutation !== undefined) {
    const start = writer.length;
    writeHeaderMutation(headerMutation);
    writer.close(key.second, start);
  }
}

function writeBodyMutation({ mutation }: BodyMutation): void {
  const start = writer.length;
  switch (mutation?.$case) {
    case 'body':
      writer.bytes(mutation.value);
      writer.close(key.first, start);
      break;
    case 'clearBody':
      writer.byte(mutation.value ? 1 : 0);
      writer.byte(key.secondVarint);
      break;
    case 'streamedResponse': {
      const { body, endOfStream, endOfStreamWithoutMessage } = mutation.value;
      writeFlag(key.thirdVarint, endOfStreamWithoutMessage);
      writeFlag(key.secondVarint, endOfStream);
      writeText(key.first, body);
      writer.close(key.third, start);
    }
  }
}

function writeHeaderMutation({ setHeaders, removeHeaders }: HeaderMutation): void {
  for (let at = removeHeaders.length - 1; at >= 0; at--) {
    const start = writer.length;
    writer.text(removeHeaders[at] ?? '');
    writer.close(key.second, start);
  }
  for (let at = setHeaders.length - 1; at >= 0; at--) {
    const option = setHeaders[at];
    const start = writer.length;
    if (option !== undefined) writeHeaderOption(option);
    writer.close(key.first, start);
  }
}

function writeHeaderOption({ header, append, appendAction, keepEmptyValue }: HeaderValueOption): void {
  writeFlag(key.fourthVarint, keepEmptyValue);
  if (appendAction !== 0) {
    writer.varint(appendAction);
    writer.byte(key.thirdVarint);
  }
  if (append !== undefined) {
    const start = writer.length;
    writeFlag(0x08, append);
    writer.close(key.second, start);
  }
  if (header === undefined) return;
  const start = writer.length;
  writeText(key.third, header.rawValue);
  writeText(key.second, header.value);
  writeText(key.first, header.key);
  writer.close(key.first, start);
}

/** A field of text or bytes; the empty one is left out, as proto3 has it. */
function writeText(fieldKey: number, value: string | Uint8Array): void {
  if (value.length === 0) return;
  const start = writer.length;
  if (typeof value === 'string') writer.text(value);
  else writer.bytes(value);
  writer.close(fieldKey, start);
}

/** A boolean field; false is left out, as proto3 has it. */
function writeFlag(fieldKey: number, value: boolean): void {
  if (!value) return;
  writer.byte(1);
  writer.byte(fieldKey);
}

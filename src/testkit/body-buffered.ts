import {
  type BodyHost,
  type BodyProcessing,
  editedBytes,
  HeldBytes,
  reportLateEdits,
} from './body-processing.ts';
import type { CommonResponse } from './messages.ts';

/**
 * BUFFERED: the whole body in one message once the header reply has come; `end_of_stream` is false where trailers
 * follow. A body over the limit is a 413 of Envoy's own.
 */
export class BufferedBody implements BodyProcessing {
  readonly #host: BodyHost;
  readonly #held = new HeldBytes();
  /** What is in the server's hands, then what it made of it. */
  #body: Buffer | undefined;

  constructor(host: BodyHost) {
    this.#host = host;
  }

  arrive(bytes: Buffer, endOfStream: boolean): void {
    this.#held.add(bytes, endOfStream);
    if (this.#held.size > this.#host.settings.bufferLimit) this.#host.tooLarge();
    else if (endOfStream && !this.#host.headerReplyDue) this.#send();
  }

  headerReplyGiven(): void {
    if (this.#held.ended || this.#host.trailersArrived) this.#send();
  }

  trailersArrive(): void {
    if (!this.#host.headerReplyDue) this.#send();
  }

  reply(response: CommonResponse): void {
    const body = applyBufferedReply(this.#host, response, this.#body ?? Buffer.alloc(0));
    if (body === undefined) return;
    this.#body = body;
    this.#host.bodyDone();
  }

  flush(endOfStream: boolean): void {
    this.#host.passHeaders();
    if (this.#body !== undefined) this.#host.passData(this.#body, endOfStream);
    this.#body = undefined;
  }

  release(): void {
    this.#host.passHeaders();
    const held = this.#held.take();
    if (this.#held.started) this.#host.passData(this.#body ?? held, this.#held.ended);
    this.#body = undefined;
  }

  /** Sends what was collected; trailers without any body go on at once. */
  #send(): void {
    if (!this.#held.started) {
      this.#host.bodyDone();
      return;
    }
    this.#body = this.#held.take();
    this.#host.sendBody(this.#body, !this.#host.trailersArrived);
  }
}

function isStreamedResponse({ bodyMutation }: CommonResponse): boolean {
  return bodyMutation?.streamedResponse !== undefined && bodyMutation.streamedResponse !== null;
}

/**
 * Applies a reply to a whole body: header edits first (while the headers are held), then the length check, then the
 * body. Undefined where Envoy refuses the reply.
 */
export function applyBufferedReply(
  host: BodyHost,
  response: CommonResponse,
  held: Buffer,
): Buffer | undefined {
  let setsContentLength = false;
  if (host.headersPassed) {
    reportLateEdits(host, response);
  } else {
    const outcome = host.editHeaders(response, `${host.name}_body`);
    if (outcome.refused !== undefined) {
      host.reject(outcome.refused);
      return undefined;
    }
    setsContentLength = outcome.setsContentLength;
  }
  const result = editedBytes(host, response, held);
  const length = result?.checkedLength;
  if (result === undefined || length === undefined || host.headersPassed) return result?.bytes;
  const announced = host.contentLength;
  const wrong = announced !== undefined && /^\d+$/.test(announced) && Number(announced) !== length;
  if (host.settings.bodyMode === 'BUFFERED' && !setsContentLength && !isStreamedResponse(response)) {
    host.report(
      'content_length_missing',
      `${host.name}_body: a body edit to ${length} bytes without \`content-length\` in the same reply`,
    );
  } else if (wrong && setsContentLength) {
    host.report(
      'content_length_mismatch',
      `${host.name}_body: \`content-length\` ${announced} with a body of ${length} bytes`,
    );
  }
  if (wrong) {
    host.reject('mismatch_between_content_length_and_the_length_of_the_mutated_body');
    return undefined;
  }
  return result.bytes;
}

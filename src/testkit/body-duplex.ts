import { type BodyHost, type BodyProcessing, reportLateEdits } from './body-processing.ts';
import type { CommonResponse } from './messages.ts';

/** Envoy's advice for one `streamed_response`, and this project's rule. */
const MAX_CHUNK = 65_536;

/** Response code details of Envoy for a reply of the other modes. */
const PLAIN_REPLY =
  'spurious_message:_Normal_body_mutation_response_is_received_while_body_mode__is_FULL_DUPLEX_STREAMED';

/**
 * FULL_DUPLEX_STREAMED: every piece goes to the server as it comes and Envoy keeps no copy; the server sends a body of
 * its own, in pieces of its own, once the header reply was given and a first piece was seen.
 */
export class DuplexBody implements BodyProcessing {
  readonly #host: BodyHost;
  #firstSent = false;
  #ended = false;

  constructor(host: BodyHost) {
    this.#host = host;
  }

  arrive(bytes: Buffer, endOfStream: boolean): void {
    // What comes after the server's own end is dropped, and the server is not told.
    if (this.#ended) return;
    this.#firstSent = true;
    this.#host.sendBody(bytes, endOfStream);
  }

  headerReplyGiven(): void {
    // The earliest that any Envoy lets them go; 1.37.6 and later hold them until the first body reply.
    this.#host.passHeaders();
  }

  trailersArrive(): void {
    if (!this.#ended) this.#host.sendTrailers();
  }

  reply(response: CommonResponse): void {
    const host = this.#host;
    const chunk = response.bodyMutation?.streamedResponse;
    reportLateEdits(host, response);
    if (chunk === undefined || chunk === null) {
      host.spurious(
        'plain_body_reply_in_duplex',
        `${host.name}_body: a reply without \`streamed_response\``,
        PLAIN_REPLY,
      );
    } else if (this.#ended) {
      const again = chunk.endOfStream === true;
      host.spurious(
        again ? 'second_end_of_stream' : 'reply_after_end_of_stream',
        `${host.name}_body: a chunk after the server's own end of stream`,
      );
    } else if (!this.#firstSent) {
      host.spurious('bytes_before_first_chunk', `${host.name}_body: Envoy has not sent a body chunk yet`);
    } else {
      const bytes = Buffer.from(chunk.body ?? []);
      if (bytes.length > MAX_CHUNK) {
        host.report(
          'chunk_too_large',
          `${host.name}_body: a chunk of ${bytes.length} bytes, over ${MAX_CHUNK}`,
        );
      }
      if (chunk.endOfStream === true && host.trailersArrived) {
        host.report(
          'end_of_stream_before_trailers',
          `${host.name}_body: the end is the reply to the trailers`,
        );
        host.passData(bytes, false);
        host.stall();
      } else {
        this.#ended = chunk.endOfStream === true;
        host.passData(bytes, this.#ended);
      }
    }
  }

  /** Whether the server ended the direction. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The trailers reply ends the direction too. */
  end(): void {
    this.#ended = true;
  }

  flush(): void {
    this.#host.passHeaders();
  }

  /** Nothing is held: what the server has not given back is lost. */
  release(): void {
    this.#host.passHeaders();
  }
}

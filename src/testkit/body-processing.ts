import type { MutationOutcome } from './header-mutation.ts';
import type { CommonResponse, DirectionName } from './messages.ts';
import type { DirectionSettings } from './options.ts';
import type { ViolationCode } from './violations.ts';

/** What a body mode may ask of its direction. */
export interface BodyHost {
  readonly name: DirectionName;
  readonly settings: DirectionSettings;
  /** The header reply has not come yet. */
  readonly headerReplyDue: boolean;
  /** The headers have gone to the next hop. */
  readonly headersPassed: boolean;
  /** Trailers have arrived: no more body comes. */
  readonly trailersArrived: boolean;
  /** Present value of `content-length`. */
  readonly contentLength: string | undefined;
  sendBody(bytes: Buffer, endOfStream: boolean): void;
  /** Lets the headers go on, if they have not. */
  passHeaders(): void;
  passData(bytes: Buffer, endOfStream: boolean): void;
  /** The body is through: what is left is the flush, and trailers if there are any. */
  bodyDone(): void;
  /** Sends the trailers to the server, whatever is due. */
  sendTrailers(): void;
  editHeaders(response: CommonResponse, place: string): MutationOutcome;
  tooLarge(): void;
  /** Envoy waits for what will never come, until the idle time-out. */
  stall(): void;
  report(code: ViolationCode, message: string): void;
  /** An edit that Envoy rejects: the exchange fails, under `failure_mode_allow` as well. */
  reject(details: string): void;
  /** A reply that Envoy calls spurious: reported, and the exchange fails. */
  spurious(code: ViolationCode, message: string, details?: string): void;
}

/** One body mode in one direction. */
export interface BodyProcessing {
  /** A piece of the body has come from the peer. */
  arrive(bytes: Buffer, endOfStream: boolean): void;
  /** The header reply has come; the direction has a body or trailers. */
  headerReplyGiven(): void;
  /** Trailers have come from the peer. */
  trailersArrive(): void;
  /** A body reply that is due (or, in full duplex, any body reply after the header reply). */
  reply(response: CommonResponse): void;
  /** Lets what is held for the end go on. `endOfStream`: no trailers follow. */
  flush(endOfStream: boolean): void;
  /** Processing is off from here on: what is held goes on unedited. */
  release(): void;
}

/** The whole of the pieces that came so far. */
export class HeldBytes {
  #pieces: Buffer[] = [];
  size = 0;
  /** Whether anything came at all, an empty piece included. */
  started = false;
  ended = false;

  add(bytes: Buffer, endOfStream: boolean): void {
    this.#pieces.push(bytes);
    this.size += bytes.length;
    this.started = true;
    this.ended ||= endOfStream;
  }

  take(): Buffer {
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.size = 0;
    return whole;
  }
}

/**
 * The result of a body reply of a one-to-one mode on the bytes it answers.
 *
 * @param refusal response code details with which Envoy refuses a `streamed_response`. Without them it leaves the bytes
 *   as they are, and its length check takes them for an edit to an empty body (measured for buffered bodies).
 * @returns undefined where Envoy refuses the reply
 */
export function editedBytes(
  host: BodyHost,
  response: CommonResponse,
  bytes: Buffer,
  refusal?: string,
): EditedBytes | undefined {
  const mutation = response.bodyMutation ?? {};
  if (mutation.streamedResponse !== undefined && mutation.streamedResponse !== null) {
    const message = `${host.name}_body: \`streamed_response\` in ${host.settings.bodyMode}`;
    if (refusal === undefined) host.report('streamed_response_outside_duplex', message);
    else host.spurious('streamed_response_outside_duplex', message, refusal);
    return refusal === undefined ? { bytes, checkedLength: 0 } : undefined;
  }
  if (mutation.body !== undefined) {
    return { bytes: Buffer.from(mutation.body), checkedLength: mutation.body.length };
  }
  if (mutation.clearBody === true) return { bytes: Buffer.alloc(0), checkedLength: 0 };
  return { bytes, checkedLength: undefined };
}

export interface EditedBytes {
  readonly bytes: Buffer;
  /** The length that `content-length` must have; undefined where the body was kept. */
  readonly checkedLength: number | undefined;
}

/** Reports header edits of a body reply whose headers have gone on; Envoy drops them in silence. */
export function reportLateEdits(host: BodyHost, response: CommonResponse): void {
  const { setHeaders = [], removeHeaders = [] } = response.headerMutation ?? {};
  const count = setHeaders.length + removeHeaders.length;
  if (count === 0) return;
  host.report(
    'header_edits_too_late',
    `${host.name}_body: ${count} header edits in a body reply of ${host.settings.bodyMode}` +
      `${host.settings.sendHeaders ? '' : ' with headers SKIP'}; the headers have gone on`,
  );
}

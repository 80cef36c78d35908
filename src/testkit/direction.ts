import { BufferedBody } from './body-buffered.ts';
import { DuplexBody } from './body-duplex.ts';
import { UnseenBody } from './body-none.ts';
import type { BodyHost, BodyProcessing } from './body-processing.ts';
import { StreamedBody } from './body-streamed.ts';
import type { DirectionPort } from './direction-port.ts';
import { HeaderMap } from './header-map.ts';
import { applyHeaderMutation, type MutationOutcome } from './header-mutation.ts';
import type { HeaderLine } from './http.ts';
import type { CommonReply, CommonResponse, DirectionName, MessageKind, TrailersReply } from './messages.ts';
import type { DirectionSettings } from './options.ts';
import { classifyReply } from './reply-order.ts';
import type { ViolationCode } from './violations.ts';

const BODIES = {
  NONE: UnseenBody,
  BUFFERED: BufferedBody,
  STREAMED: StreamedBody,
  FULL_DUPLEX_STREAMED: DuplexBody,
} as const;

/**
 * Envoy's processor state of one direction, without I/O or clock: what arrives from the peer goes in, messages to the
 * server and what the next hop gets come out.
 */
export class Direction implements BodyHost {
  readonly name: DirectionName;
  readonly settings: DirectionSettings;
  readonly #port: DirectionPort;
  readonly #body: BodyProcessing;
  /** Messages whose reply is due, oldest first. In full duplex, body messages have no reply of their own. */
  readonly #due: MessageKind[] = [];
  readonly #sent = new Set<MessageKind>();
  #state: 'processing' | 'released' | 'replaced' | 'stopped' = 'processing';
  #headers: HeaderMap | undefined;
  #bodyless = false;
  #headersPassed = false;
  #trailers: HeaderMap | undefined;
  #inputEnded = false;

  constructor(name: DirectionName, settings: DirectionSettings, port: DirectionPort) {
    this.name = name;
    this.settings = settings;
    this.#port = port;
    this.#body = new BODIES[settings.bodyMode](this);
  }

  /** Kinds of messages whose reply is due, oldest first. */
  get due(): readonly MessageKind[] {
    return this.#due;
  }

  /** The peer has sent the end of this direction. */
  get inputEnded(): boolean {
    return this.#inputEnded;
  }

  /** Headers have come from the peer. */
  get begun(): boolean {
    return this.#headers !== undefined;
  }

  get headerReplyDue(): boolean {
    return this.#due[0] === 'headers';
  }

  get headersPassed(): boolean {
    return this.#headersPassed;
  }

  get trailersArrived(): boolean {
    return this.#trailers !== undefined;
  }

  get contentLength(): string | undefined {
    return this.#headers?.get('content-length');
  }

  /** A body message was sent that full duplex does not let fail open. */
  get bodyLost(): boolean {
    return this.settings.bodyMode === 'FULL_DUPLEX_STREAMED' && this.#sent.has('body');
  }

  /** Headers come from the peer. */
  receiveHeaders(lines: readonly HeaderLine[], endOfStream: boolean): void {
    this.#headers = new HeaderMap(lines);
    this.#bodyless = endOfStream;
    this.#inputEnded = endOfStream;
    const sends = this.#state === 'processing' && this.settings.sendHeaders;
    if (sends) {
      if (!this.settings.observability) this.#expect('headers');
      this.#port.sendHeaders(lines, endOfStream);
    }
    if (this.#state === 'processing' && this.settings.removesContentLength) {
      this.#headers.remove('content-length');
    }
    if (!sends || this.settings.observability) this.passHeaders();
  }

  /** A piece of the body comes from the peer. */
  receiveData(bytes: Buffer, endOfStream: boolean): void {
    this.#inputEnded ||= endOfStream;
    if (this.#state === 'replaced' || this.#state === 'stopped') return;
    if (this.settings.observability && this.settings.bodyMode !== 'NONE' && this.#state === 'processing') {
      this.#port.sendBody({ body: bytes, endOfStream });
    }
    if (this.settings.observability || this.#state === 'released') this.passData(bytes, endOfStream);
    else this.#body.arrive(bytes, endOfStream);
  }

  /** Trailers come from the peer and end the direction. */
  receiveTrailers(lines: readonly HeaderLine[]): void {
    this.#inputEnded = true;
    if (this.#state === 'replaced' || this.#state === 'stopped') return;
    this.#trailers = new HeaderMap(lines);
    if (this.settings.observability || this.#state === 'released') {
      if (this.settings.sendTrailers && this.#state === 'processing') this.#port.sendTrailers(lines);
      this.#port.hop.trailers(lines);
    } else {
      this.#body.trailersArrive();
    }
  }

  /** A header reply comes from the server. */
  replyToHeaders(reply: CommonReply): void {
    if (!this.#takeDue('headers') || this.#state === 'stopped') return;
    const response = reply.response ?? {};
    const { refused } = this.editHeaders(response, `${this.name}_headers`);
    if (refused !== undefined) {
      this.reject(refused);
    } else if (response.status === 'CONTINUE_AND_REPLACE' || response.status === 1) {
      this.#replace(response);
    } else {
      if (response.bodyMutation !== undefined && response.bodyMutation !== null) {
        this.report('body_edit_in_header_reply', `${this.name}_headers: a body mutation without replacement`);
      }
      if (this.#bodyless) this.passHeaders();
      else this.#body.headerReplyGiven();
    }
  }

  /** A body reply comes from the server. */
  replyToBody(reply: CommonReply): void {
    const response = reply.response ?? {};
    if (this.#body instanceof DuplexBody && !this.headerReplyDue) {
      this.#body.reply(response);
    } else if (this.#takeDue('body')) {
      this.#body.reply(response);
    }
  }

  /** A trailers reply comes from the server. */
  replyToTrailers(reply: TrailersReply): void {
    if (this.#body instanceof DuplexBody) {
      if (!this.#acceptDuplexTrailersReply(this.#body)) return;
    } else if (!this.#takeDue('trailers')) {
      return;
    }
    if (this.#trailers === undefined) return;
    const rules = { place: `${this.name}_trailers`, contentLength: true };
    const report = (code: ViolationCode, message: string): void => this.report(code, message);
    const { refused } = applyHeaderMutation(this.#trailers, reply.headerMutation ?? {}, rules, report);
    if (refused !== undefined) {
      this.reject(refused);
      return;
    }
    this.#body.flush(false);
    this.#port.hop.trailers(this.#trailers.lines);
  }

  /** Processing is off: what is held goes on unedited, and so does what comes later. */
  release(): void {
    if (this.#state !== 'processing') return;
    this.#state = 'released';
    this.#due.length = 0;
    if (this.#headers === undefined) return;
    this.#body.release();
    if (this.#trailers !== undefined) this.#port.hop.trailers(this.#trailers.lines);
  }

  sendBody(bytes: Buffer, endOfStream: boolean): void {
    if (this.settings.bodyMode === 'FULL_DUPLEX_STREAMED') this.#sent.add('body');
    else this.#expect('body');
    this.#port.sendBody({ body: bytes, endOfStream });
  }

  sendTrailers(): void {
    this.#expect('trailers');
    this.#port.sendTrailers(this.#trailers?.lines ?? []);
  }

  passHeaders(): void {
    if (this.#headersPassed || this.#headers === undefined) return;
    this.#headersPassed = true;
    this.#port.hop.headers(this.#headers.lines, this.#bodyless);
  }

  passData(bytes: Buffer, endOfStream: boolean): void {
    this.#port.hop.data(bytes, endOfStream);
  }

  bodyDone(): void {
    if (this.#trailers !== undefined && this.settings.sendTrailers) {
      this.sendTrailers();
      return;
    }
    this.#body.flush(this.#trailers === undefined);
    if (this.#trailers !== undefined) this.#port.hop.trailers(this.#trailers.lines);
  }

  editHeaders(response: CommonResponse, place: string): MutationOutcome {
    if (this.#headers === undefined) return { refused: undefined, setsContentLength: false };
    const rules = { place, contentLength: !this.settings.removesContentLength };
    const report = (code: ViolationCode, message: string): void => this.report(code, message);
    return applyHeaderMutation(this.#headers, response.headerMutation ?? {}, rules, report);
  }

  stall(): void {
    this.#port.stall();
  }

  tooLarge(): void {
    this.#state = 'stopped';
    this.#port.tooLarge();
  }

  report(code: ViolationCode, message: string): void {
    this.#port.report(code, message);
  }

  reject(details: string): void {
    this.#port.fail(details, 'rejected');
  }

  spurious(code: ViolationCode, message: string, details = 'spurious_message'): void {
    this.report(code, message);
    this.#port.fail(details, 'spurious');
  }

  /** CONTINUE_AND_REPLACE: the reply's body stands for the whole body, and no more messages are sent. */
  #replace(response: CommonResponse): void {
    if (response.bodyMutation === undefined || response.bodyMutation === null) {
      this.#bodyless ? this.passHeaders() : this.release();
      return;
    }
    this.#state = 'replaced';
    this.#headers?.remove('content-length');
    this.#bodyless = false;
    this.passHeaders();
    this.passData(Buffer.from(response.bodyMutation.body ?? []), this.#trailers === undefined);
    if (this.#trailers !== undefined) this.#port.hop.trailers(this.#trailers.lines);
  }

  /**
   * Full duplex takes a trailers reply at any time and ends the direction with it (measured): out of order it lets the
   * headers go and loses the body; without trailers the next hop waits for ever.
   */
  #acceptDuplexTrailersReply(body: DuplexBody): boolean {
    if (body.ended) {
      this.report('reply_after_end_of_stream', `${this.name}_trailers: the server has ended this direction`);
      return false;
    }
    if (this.#due[0] !== 'trailers') {
      const { code, message } = classifyReply(this.name, 'trailers', this.#due, this.#sent.has('trailers'));
      this.report(code, message);
      if (this.#trailers === undefined) {
        this.#port.stall();
        return false;
      }
    }
    this.#due.length = 0;
    body.end();
    return true;
  }

  #expect(kind: MessageKind): void {
    this.#due.push(kind);
    this.#sent.add(kind);
  }

  /** Takes the oldest due reply off if it is of this kind; else the reply is spurious. */
  #takeDue(kind: MessageKind): boolean {
    if (this.#due[0] === kind) {
      this.#due.shift();
      this.#port.answered();
      return true;
    }
    const { code, message } = classifyReply(this.name, kind, this.#due, this.#sent.has(kind));
    this.spurious(code, message);
    return false;
  }
}

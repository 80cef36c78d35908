import { closePayload, encodeMasked } from '../../websocket/encode.ts';
import type { Effect } from '../events.ts';
import type { ExchangeEnvironment } from '../settings.ts';
import type { Farewell, RandomBytes } from './farewell.ts';
import type { ResponseHalf } from './response.ts';

const MASK_BYTES = 4;
const PING_BYTES = 8;

/**
 * How a client is told something although Envoy lets us speak only with bytes of the provider: where the direction
 * can send it is said at once; else a masked Ping goes upstream, and what has to be said rides on the next bytes that
 * come back. Measured on Envoy 1.36–1.40; a Close in place of the Ping loses the words, since the provider's FIN ends
 * the stream before they count. Every wait is bounded, and a hard stop ends it.
 */
export class Telling {
  readonly #environment: Pick<ExchangeEnvironment, 'settings'>;
  readonly #randomBytes: RandomBytes;
  readonly #response: ResponseHalf;
  readonly #effects: Effect[];
  #farewell: Farewell | undefined;
  /** What is said where an event that leaves the socket open is not delivered in time. */
  #undelivered: Farewell | undefined;
  /** A Ping is under way. */
  #asked = false;
  /** The client's Close came before the last words were said, and the provider has not been told. */
  #closeOwed = false;
  /** The last words were said, and the client's Close is awaited. */
  #awaitingClose = false;
  #stopped = false;

  constructor(environment: ExchangeEnvironment, response: ResponseHalf, effects: Effect[]) {
    this.#environment = environment;
    this.#randomBytes = (count) => environment.randomBytes(count);
    this.#response = response;
    this.#effects = effects;
  }

  /** The end that is under way, or came. */
  get farewell(): Farewell | undefined {
    return this.#farewell;
  }

  /** Whether nothing has to be said. */
  get idle(): boolean {
    return this.#farewell === undefined && this.#undelivered === undefined;
  }

  /** Whether the hard stop came. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /**
   * Says an event and leaves the socket open.
   *
   * @param out what goes upstream with the reply that is due
   * @param otherwise the end where it cannot be delivered
   */
  say(frame: Uint8Array, otherwise: Farewell, out: Uint8Array[]): void {
    this.#response.insert(frame);
    if (!this.#response.waiting) return;
    if (this.#undelivered === undefined) {
      this.ask(out);
      this.#startTimer(this.#environment.settings.limits.providerWait);
    }
    this.#undelivered = otherwise;
  }

  /** Says the last words. @param out what goes upstream with the reply that is due; undefined where nothing can */
  end(farewell: Farewell, out: Uint8Array[] | undefined): void {
    this.#farewell = farewell;
    // The answer to an earlier Ping can have come where only an event between two messages could not be said.
    this.#asked = false;
    this.#response.finish(farewell.frames);
    if (this.#response.finished) this.#awaitClose();
    else {
      if (out !== undefined) this.ask(out);
      this.#startTimer(this.#environment.settings.limits.providerWait);
    }
  }

  /** Asks the provider for bytes on which something can ride, once. @param out what goes upstream */
  ask(out: Uint8Array[]): void {
    if (this.#asked || !this.#response.waiting) return;
    this.#asked = true;
    const payload = this.#randomBytes(PING_BYTES);
    this.#response.dropPong(payload);
    out.push(encodeMasked('ping', payload, this.#randomBytes(MASK_BYTES)));
  }

  /**
   * Bytes of the provider have passed: what waited for them may have been said.
   *
   * @param out what goes upstream now; undefined where nothing can
   */
  responsePassed(out: Uint8Array[] | undefined): void {
    if (this.#response.waiting) return;
    this.#asked = false;
    if (this.#farewell === undefined) {
      if (this.#undelivered !== undefined) this.#effects.push({ kind: 'timer', ms: undefined });
      this.#undelivered = undefined;
    } else if (!this.#awaitingClose) {
      this.#awaitClose();
      if (this.#closeOwed && out !== undefined) this.clientClosed(out);
    }
  }

  /**
   * The client closes a socket that we end. A Close to the provider before our last words would cost the client these: the
   * provider ends the connection on it.
   *
   * @param out what goes upstream: the Close that the provider has not seen
   */
  clientClosed(out: Uint8Array[]): void {
    const farewell = this.#farewell;
    if (farewell === undefined) return;
    this.#closeOwed = !this.#response.finished;
    if (this.#closeOwed) return;
    const payload = closePayload(farewell.closeCode, farewell.reason);
    out.push(encodeMasked('close', payload, this.#randomBytes(MASK_BYTES)));
  }

  /** A wait is over. */
  timer(): void {
    const farewell = this.#farewell ?? this.#undelivered;
    if (farewell !== undefined) this.stop(farewell);
  }

  /** Ends the stream with nothing more said. @param otherwise the end where none is under way */
  stop(otherwise: Farewell): void {
    this.#farewell ??= otherwise;
    this.#stopped = true;
    const { hardStop } = this.#farewell;
    this.#effects.push({ kind: 'timer', ms: undefined }, { kind: 'immediate', response: hardStop });
  }

  #awaitClose(): void {
    this.#awaitingClose = true;
    this.#startTimer(this.#environment.settings.limits.clientCloseWait);
  }

  #startTimer(ms: number): void {
    this.#effects.push({ kind: 'timer', ms });
  }
}

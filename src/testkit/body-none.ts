import { type BodyHost, type BodyProcessing, HeldBytes } from './body-processing.ts';

/** NONE: the body passes unseen, behind the headers. */
export class UnseenBody implements BodyProcessing {
  readonly #host: BodyHost;
  readonly #held = new HeldBytes();

  constructor(host: BodyHost) {
    this.#host = host;
  }

  arrive(bytes: Buffer, endOfStream: boolean): void {
    if (this.#host.headerReplyDue) this.#held.add(bytes, endOfStream);
    else this.#host.passData(bytes, endOfStream);
  }

  headerReplyGiven(): void {
    this.flush();
    if (this.#host.trailersArrived) this.#host.bodyDone();
  }

  trailersArrive(): void {
    if (!this.#host.headerReplyDue) this.#host.bodyDone();
  }

  /** Never called: no body message is sent, so no reply is due. */
  reply(): void {
    this.#host.spurious('reply_without_message', `${this.#host.name}_body: the body mode is NONE`);
  }

  flush(): void {
    this.#host.passHeaders();
    if (this.#held.size > 0 || this.#held.ended) this.#host.passData(this.#held.take(), this.#held.ended);
    this.#held.ended = false;
  }

  release(): void {
    this.flush();
  }
}

import type { Message } from '../direction/passing.ts';
import type { HeldBudget } from '../events.ts';
import { SocketHeldBytes } from './held-bytes.ts';

/** A message of Envoy that was held, and when it came. */
export interface HeldMessage {
  readonly message: Message;
  /** Monotonic, milliseconds. */
  readonly at: number;
}

/** What the client sends while the session that it named is looked up: held unread and unanswered. */
export class LookUpWait {
  readonly #held: SocketHeldBytes;
  #bytes = 0;
  #messages: HeldMessage[] = [];

  constructor(budget: HeldBudget) {
    this.#held = new SocketHeldBytes(budget);
  }

  /** Holds a message. @returns false, and nothing is held, where it does not fit into the process */
  hold(message: Message, at: number): boolean {
    const bytes = message.kind === 'body' ? message.bytes.length : 0;
    if (!this.#held.hold(this.#bytes + bytes)) return false;
    this.#bytes += bytes;
    this.#messages.push({ message, at });
    return true;
  }

  /** Whether nothing is held. */
  get empty(): boolean {
    return this.#messages.length === 0;
  }

  /** What was held, in its order; nothing is any more. */
  release(): readonly HeldMessage[] {
    this.#held.hold(0);
    return this.#messages.splice(0);
  }
}

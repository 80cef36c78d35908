import type { AskedModel, Strictness } from '../../policy/types.ts';
import type { JudgedMessage } from './turn.ts';

const ABSENT: AskedModel = { kind: 'absent' };

/** What a socket remembers from one message to the next (design 6.2). */
export class Session {
  #captured: string | undefined;
  #turns = 0;

  /** The client's word for the model of turns that name none; undefined before one was captured. */
  get capturedModel(): string | undefined {
    return this.#captured;
  }

  /** Turns that went upstream. */
  get turns(): number {
    return this.#turns;
  }

  /** The model of a message that names none. */
  get fallbackModel(): AskedModel {
    return this.#captured === undefined ? ABSENT : { kind: 'known', word: this.#captured };
  }

  /**
   * Takes note of a message that goes upstream; one that does not changes nothing.
   *
   * @returns whether it captured another model
   */
  accept({ kind, model }: JudgedMessage, { turn_model }: Strictness): boolean {
    if (kind === 'other') return false;
    const before = this.#captured;
    if (kind === 'session.update') this.#captured = model ?? before;
    else {
      // `compatible`: the model of a later turn serves that turn only.
      if (this.#turns === 0 || turn_model === 'capture') this.#captured = model ?? before;
      this.#turns += 1;
    }
    return this.#captured !== before;
  }
}

import { cutText } from '../../dialects/text.ts';
import type { AskedModel, Strictness } from '../../policy/types.ts';
import type { LookUpResult } from '../events.ts';
import type { JudgedMessage } from './turn.ts';

const ABSENT: AskedModel = { kind: 'absent' };
const UNAVAILABLE: AskedModel = { kind: 'unavailable' };

/** Most bytes of a captured model: it stays for as long as the socket. A longer one cannot be had later. */
const MAX_MODEL_BYTES = 1024;

/** What a socket remembers from one message to the next (design 6.2). */
export class Session {
  #captured: string | undefined;
  #turns = 0;
  /** What was captured before this socket, until it states a model itself; `unavailable`: the model cannot be had. */
  #inherited: 'model' | 'unavailable' | undefined;

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
    if (this.#captured !== undefined) return { kind: 'known', word: this.#captured };
    return this.#inherited === 'unavailable' ? UNAVAILABLE : ABSENT;
  }

  /** Begins with what the session that the client named has captured. */
  resume(result: LookUpResult): void {
    if (result.kind === 'none') return;
    this.#inherited = result.kind === 'found' ? 'model' : 'unavailable';
    if (result.kind === 'found') this.#captured = result.model;
  }

  /**
   * Takes note of a message that goes upstream; one that does not changes nothing.
   *
   * @returns whether it captured another model
   */
  accept({ kind, model }: JudgedMessage, { turn_model }: Strictness): boolean {
    if (kind === 'other') return false;
    const before = this.#captured;
    // `compatible`: the model of a later turn serves that turn only.
    const isFirst = this.#turns === 0 || this.#inherited !== undefined;
    const captures = kind === 'session.update' || isFirst || turn_model === 'capture';
    if (captures && model !== undefined) {
      const fits = Buffer.byteLength(model) <= MAX_MODEL_BYTES;
      // In memory of its own: a part of the message's text would keep all of it for as long as the socket lives.
      this.#captured = fits ? cutText(model, MAX_MODEL_BYTES) : undefined;
      this.#inherited = fits ? undefined : 'unavailable';
    }
    if (kind === 'turn') this.#turns += 1;
    return this.#captured !== before;
  }
}

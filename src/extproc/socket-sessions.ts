import { createHmac } from 'node:crypto';
import { cutText } from '../dialects/text.ts';
import type { LookUpResult, NamedSession, SocketNote } from '../exchange/events.ts';
import type { OpenSession, ResumedState, SessionStore } from '../storage/session-store.ts';

/** What the sessions of sockets need. */
export interface SocketSessionsOptions {
  readonly store: SessionStore;
  /** Keys of the hash under which a named session is stored: the first writes, all are read. At least one. */
  readonly hashKeys: readonly Uint8Array[];
  /** A named session of which nothing new is captured is written again with its turns this often, in milliseconds. */
  readonly refreshMilliseconds: number;
  /** Milliseconds since the epoch. */
  wallClock(): number;
  /** Runs `callback` once after `ms`. @returns what cancels it */
  startTimer(ms: number, callback: () => void): () => void;
}

/** Longest text of a client or of Envoy that the record of a socket repeats, in bytes of UTF-8. */
const MAX_TEXT = 128;

/** One open socket. */
interface Open {
  readonly session: { -readonly [K in keyof OpenSession]: OpenSession[K] };
  /** Under which its named session is written; undefined where the client names none. */
  key: string | undefined;
  /** What the named session is known to have captured. */
  state: ResumedState | undefined;
  /** When that was written or read, milliseconds since the epoch. */
  stateAt: number;
}

/** Keeps the session store informed of the sockets of this process, and looks up what named sessions have captured. */
export class SocketSessions {
  readonly #options: SocketSessionsOptions;
  readonly #open = new Map<string, Open>();

  constructor(options: SocketSessionsOptions) {
    this.#options = options;
  }

  /**
   * Looks up the session that the client of an open socket has named. Its credential becomes a keyed hash here.
   *
   * @param id of the socket
   * @param ms how long the answer may take
   * @param answer called once, later
   */
  lookUp(id: string, session: NamedSession, ms: number, answer: (result: LookUpResult) => void): void {
    const { store, hashKeys, startTimer } = this.#options;
    const keys = hashKeys.map((key) => hashOf(key, session));
    const open = this.#open.get(id);
    if (open !== undefined) open.key = keys[0];
    let isDone = false;
    const finish = (result: LookUpResult): void => {
      if (isDone) return;
      isDone = true;
      cancel();
      answer(result);
    };
    const cancel = startTimer(ms, () => finish({ kind: 'late' }));
    store.resume(keys).then(
      (state) => finish(this.#found(isDone ? undefined : open, state)),
      () => finish({ kind: 'failed' }),
    );
  }

  /** Takes note of what a socket tells. */
  note(note: SocketNote): void {
    if (note.kind === 'opened') this.#opened(note);
    const open = this.#open.get(note.id);
    if (open === undefined) return;
    const { store } = this.#options;
    switch (note.kind) {
      case 'looked_up':
        if (note.result.kind === 'found') this.#change(open, { model: textOf(note.result.model) });
        break;
      case 'captured':
        this.#change(open, { model: textOf(note.model) });
        this.#remember(open, { model: note.model, time: open.session.changedAt });
        break;
      case 'turn':
        open.session.turns = note.turns;
        open.session.changedAt = this.#options.wallClock();
        store.touch(note.id);
        this.#refresh(open);
        break;
      case 'closed':
        this.#open.delete(note.id);
        if (open.state !== undefined) this.#remember(open, open.state);
        store.delete(note.id);
    }
  }

  #opened(note: Extract<SocketNote, { kind: 'opened' }>): void {
    const { id, requestId, route, dialect, scope, user } = note;
    const now = this.#options.wallClock();
    const session = {
      id,
      requestId: textOf(requestId),
      route,
      dialect,
      scope,
      user: textOf(user),
      model: undefined,
      turns: 0,
      openedAt: now,
      changedAt: now,
    };
    this.#open.set(id, { session, key: undefined, state: undefined, stateAt: now });
    this.#options.store.put(session);
  }

  #found(open: Open | undefined, state: ResumedState | undefined): LookUpResult {
    if (state === undefined) return { kind: 'none' };
    // It was too long to be kept.
    if (state.model === '') return { kind: 'failed' };
    if (open !== undefined) {
      open.state = state;
      open.stateAt = this.#options.wallClock();
    }
    return { kind: 'found', model: state.model };
  }

  #change(open: Open, { model }: { readonly model: string | undefined }): void {
    open.session.model = model;
    open.session.changedAt = this.#options.wallClock();
    this.#options.store.put(open.session);
  }

  #remember(open: Open, state: ResumedState): void {
    if (open.key === undefined) return;
    open.state = state;
    open.stateAt = this.#options.wallClock();
    this.#options.store.remember(open.key, state);
  }

  /** A session that is used does not end for its age. */
  #refresh(open: Open): void {
    const { wallClock, refreshMilliseconds } = this.#options;
    if (open.state !== undefined && wallClock() - open.stateAt >= refreshMilliseconds) {
      this.#remember(open, open.state);
    }
  }
}

/** The keyed hash of credential and name (RFC 2104); header values are Latin-1, and neither part can hold a NUL. */
function hashOf(key: Uint8Array, { credential, name }: NamedSession): string {
  return createHmac('sha256', key).update(`${credential}\0${name}`, 'latin1').digest('hex');
}

/** A text cut for a record. */
function textOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cutText(text, MAX_TEXT);
}

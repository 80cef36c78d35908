/** A socket that is open in this process. The store reads it when it writes it out, so its owner may change it. */
export interface OpenSession {
  /** Our own random id, 32 hex digits. */
  readonly id: string;
  /** Envoy's `x-request-id` of the handshake. */
  readonly requestId: string | undefined;
  readonly route: string;
  readonly dialect: string;
  readonly scope: string | undefined;
  readonly user: string | undefined;
  /** The captured model, in the client's word. */
  readonly model: string | undefined;
  /** Turns that went upstream. */
  readonly turns: number;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  readonly changedAt: number;
}

/** A socket that is open somewhere, as an operator sees it. */
export interface SessionRecord extends OpenSession {
  /** The process that holds the socket. */
  readonly node: string;
}

/** What a client's named session has captured. */
export interface ResumedState {
  /** In the client's word; empty for one that is too long to be kept. */
  readonly model: string;
  /** Milliseconds since the epoch: when it was captured. Of two writers the newest wins. */
  readonly time: number;
}

/** Open sockets, newest first. */
export interface SessionList {
  readonly sessions: readonly SessionRecord[];
  /** Why sockets of other processes are missing, in words; undefined where none are. */
  readonly incomplete: string | undefined;
}

/** Longest model, in UTF-16 units, that is kept for a named session. */
export const MAX_RESUMED_MODEL = 256;

/**
 * What is known of sockets beyond their own process. Writes are behind the message and coalesced: they never throw
 * and never wait. The one read that a message may wait for is `resume`, and whoever asks bounds it.
 */
export interface SessionStore {
  /** A socket was opened, or something of it has changed that others should see soon. */
  put(session: OpenSession): void;
  /** Something of a socket has changed that can wait, such as its number of turns. */
  touch(id: string): void;
  /** A socket is over. */
  delete(id: string): void;
  /**
   * What a named session has captured.
   *
   * @param keys under which it may stand, as the hash keys of a rotation give them; the newest counts
   * @returns undefined where there is nothing
   * @throws where it cannot be had, or what stands there cannot be read
   */
  resume(keys: readonly string[]): Promise<ResumedState | undefined>;
  /** A named session has captured a model; the same state again makes it last longer. */
  remember(key: string, state: ResumedState): void;
  /** Open sockets of all processes. */
  list(limit: number): Promise<SessionList>;
  /**
   * Asks the process that holds a socket to end it.
   *
   * @returns false where no process is known to hold it
   * @throws Error that says why other processes cannot be asked
   */
  end(id: string): Promise<boolean>;
  /** Hears of sockets of this process that are to be ended; the result takes the listener off. */
  onEnd(listener: (id: string) => void): () => void;
  /** Writes out what is pending, and takes the sockets of this process off the list. */
  close(): Promise<void>;
}

/** Newest first, cut to `limit`. */
export function newestSessions(sessions: Iterable<SessionRecord>, limit: number): readonly SessionRecord[] {
  return [...sessions].sort((left, right) => right.openedAt - left.openedAt).slice(0, limit);
}

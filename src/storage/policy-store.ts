import type { PolicyView } from '../exchange/settings.ts';
import type { Warning } from '../policy/lint.ts';
import type { PolicyDocument } from '../policy/schema.ts';
import type { PlacedFault } from './faults.ts';

/** Who saved a revision and why. */
export interface SaveDetails {
  readonly author: string;
  readonly note: string;
}

/** One revision of the policy. */
export interface PolicySnapshot extends SaveDetails {
  /**
   * When this line of revisions began, milliseconds since the epoch; 0 for the built-in policy. Revisions are compared
   * within one epoch, and a younger epoch outranks an older one.
   */
  readonly epoch: number;
  /** Grows by one with each change; 0 for the built-in policy. */
  readonly revision: number;
  readonly document: PolicyDocument;
  /** ISO 8601 in UTC; empty for the built-in policy. */
  readonly savedAt: string;
}

/**
 * Where the policy in force comes from. `stored`: the store. `built_in`: nothing is stored, or it cannot be read under
 * `on_unavailable: default`. `cache`: the last good one of `policy.cache`. `reported`: the built-in one under
 * `on_unavailable: open`, nothing is enforced. `none`: no policy, governed paths get 503.
 */
export type PolicySource = 'stored' | 'built_in' | 'cache' | 'reported' | 'none';

/** How the store is, for readiness, metrics and the log. */
export interface PolicyStatus {
  readonly source: PolicySource;
  /** Revision in force; 0 for the built-in policy and for none. */
  readonly revision: number;
  /** Why the newest document cannot be used; empty where it is in force. */
  readonly faults: readonly PlacedFault[];
  /** What does not work beside the policy itself (history, cache), in words. */
  readonly problems: readonly string[];
  /** Why a save would be refused; undefined where it would not. */
  readonly readOnly: string | undefined;
  /** The linter's warnings of the policy in force. */
  readonly lint: readonly Warning[];
}

/** What became of a save or a rollback. */
export type SaveResult =
  | { readonly ok: true; readonly snapshot: PolicySnapshot; readonly lint: readonly Warning[] }
  /** Somebody saved in between; `revision` is the one in force. */
  | { readonly ok: false; readonly reason: 'conflict'; readonly revision: number }
  | { readonly ok: false; readonly reason: 'invalid'; readonly faults: readonly PlacedFault[] }
  /** A rollback to a revision that the history does not hold. */
  | { readonly ok: false; readonly reason: 'unknown_revision'; readonly message: string }
  /** The store cannot be written; `message` says why and what to do. */
  | { readonly ok: false; readonly reason: 'read_only'; readonly message: string };

/**
 * Where the policy lives. What `current` returns is in memory and swapped whole; nothing on the path of a message
 * waits for a store.
 */
export interface PolicyStore {
  /** The policy in force, or undefined where none can be had and the process fails closed. */
  current(): PolicyView | undefined;
  /** The revision behind `current`; undefined with it. */
  snapshot(): PolicySnapshot | undefined;
  status(): PolicyStatus;
  /** Calls `listener` after each change of `status` or `current`; the result takes it off. */
  onChange(listener: () => void): () => void;
  /** Stores `document` if the revision in force is still `expectedRevision`. */
  save(document: unknown, expectedRevision: number, details: SaveDetails): Promise<SaveResult>;
  /** Stored revisions, newest first; at least the last 50 are kept. */
  history(limit: number): Promise<readonly PolicySnapshot[]>;
  /** Saves the document of an earlier revision as a new one. */
  rollback(revision: number, expectedRevision: number, details: SaveDetails): Promise<SaveResult>;
  /** Stops watching, and waits for what is being written. */
  close(): Promise<void>;
}

/** `policy.on_unavailable`: what is in force where no policy can be read at a start. */
export type OnUnavailable = 'closed' | 'open' | 'default';

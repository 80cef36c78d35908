/** The keys of the policy; one hash tag, so that one script may use them all in a Redis Cluster. */
export interface PolicyKeys {
  /** Hash: the policy in force. */
  readonly policy: string;
  /** List: revisions, newest first. */
  readonly revisions: string;
  /** Stream: who changed the policy. */
  readonly audit: string;
  /** Channel: the policy has changed. */
  readonly changed: string;
}

/**
 * The keys of the policy under a prefix: `{tg:policy}`, `{tg:policy}:revisions`, … for `tg`. What stands in braces
 * chooses the slot of a Redis Cluster (cluster specification, hash tags).
 */
export function policyKeys(prefix: string): PolicyKeys {
  const policy = `{${prefix}:policy}`;
  return {
    policy,
    revisions: `${policy}:revisions`,
    audit: `${policy}:audit`,
    changed: `${policy}:changed`,
  };
}

/** The stream of decisions under a prefix: `{tg:decisions}` for `tg`; its slot is not that of the policy. */
export function decisionsKey(prefix: string): string {
  return `{${prefix}:decisions}`;
}

/** The keys of sockets and of named sessions. */
export interface SessionKeys {
  /** Sorted set: processes that hold sockets, by when they last said so. */
  readonly nodes: string;
  /** Channel: the id of a socket that is to be ended. */
  readonly end: string;
  /** Hash: the open sockets of a process, by their id. */
  node(name: string): string;
  /** Hash: what a named session has captured, by the keyed hash of credential and name. */
  resume(hash: string): string;
}

/**
 * The keys of sessions under a prefix. Those of each process and of each named session have a hash tag of their own, so
 * that a Redis Cluster spreads them; no step uses two of them.
 */
export function sessionKeys(prefix: string): SessionKeys {
  return {
    nodes: `{${prefix}:nodes}`,
    end: `{${prefix}:sessions}:end`,
    node: (name) => `{${prefix}:node:${name}}:sessions`,
    resume: (hash) => `{${prefix}:resume:${hash}}`,
  };
}

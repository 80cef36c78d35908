/** What error replies of Redis mean, by their first word. */
const REPLIES: Readonly<Record<string, string>> = {
  NOAUTH: 'it asks for a password: give one in the URL or in its own setting',
  WRONGPASS: 'user or password is wrong, or the user is off',
  READONLY: 'it is a replica and takes no writes: name the master, or use redis+sentinel://',
  OOM: 'it is out of memory (maxmemory) and takes no writes: give it more, or let it evict other keys',
  MISCONF: 'it cannot write its snapshots and takes no writes: look at its disk and its log',
  NOREPLICAS: 'it has too few replicas and takes no writes (min-replicas-to-write)',
  LOADING: 'it is loading its data',
  BUSY: 'it is busy with a script',
  MASTERDOWN: 'it is a replica that has lost its master',
  CLUSTERDOWN: 'the cluster is down or does not cover every slot',
  TRYAGAIN: 'the cluster is moving slots',
  UNKILLABLE: 'it is busy with a script',
  MOVED: 'it is a node of a Redis Cluster: use redis+cluster://',
};

/** Errors of the client library that have no code, by the beginning of their text. */
const CLIENT_ERRORS: readonly (readonly [string, string])[] = [
  ['Command timed out', 'it does not answer in time'],
  ['Socket timeout', 'it does not answer in time'],
  ["Stream isn't writeable", 'it is not connected'],
  ["Cluster isn't ready", 'it is not connected'],
  ['Connection is closed', 'the connection was lost'],
  ['Reached the max retries', 'the connection was lost'],
  ['Too many Cluster redirections', 'the cluster sends from node to node without an end'],
  ['All sentinels are unreachable', 'no sentinel can be reached, or none knows the master of this name'],
  ['None of startup nodes', 'no node of the cluster can be reached'],
  ['Unknown RESP type', 'what answers there is no Redis'],
  ['Command queue state error', 'what answers there is no Redis'],
  ['timeout', 'it does not answer in time'],
];

const KNOWN_REPLY = new RegExp(`\\b(${Object.keys(REPLIES).join('|')})\\b`);
/** The script that writes the policy names the key that has another type. */
const WRONG_TYPE = /WRONGTYPE (\S+ holds an? \S+, not an? \S+)/;

/** What an error may carry beside its text. */
interface ErrorDetails {
  readonly code?: unknown;
  readonly lastNodeError?: unknown;
}

function describeReply(message: string): string {
  const wrongType = WRONG_TYPE.exec(message)?.[1];
  if (wrongType !== undefined) return `${wrongType}: delete or rename that key`;
  if (message.startsWith('NOPERM')) return message.slice('NOPERM '.length);
  // Redis before 7 puts the error of a command of a script behind words of its own.
  const known = KNOWN_REPLY.exec(message)?.[1];
  if (known !== undefined) return REPLIES[known] ?? known;
  if (message.includes('DB index')) return 'it has no database of this number';
  if (message.includes('SELECT is not allowed in cluster mode')) return 'a Redis Cluster has only database 0';
  // What stands behind the first word can quote arguments of the command.
  return `it answers ${/^[A-Z]+/.exec(message)?.[0] ?? 'with an error'}`;
}

/**
 * Why Redis could not do something, in words, for logs, readiness and answers: made of codes and of texts that are
 * known, so it holds no credential and nothing of a document.
 */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  const { code, lastNodeError } = error as ErrorDetails;
  if (lastNodeError instanceof Error) return describeFailure(lastNodeError);
  if (error.name === 'ReplyError') return describeReply(error.message);
  const known = CLIENT_ERRORS.find(([beginning]) => error.message.startsWith(beginning));
  if (known !== undefined) return known[1];
  return typeof code === 'string' ? `it cannot be reached (${code})` : `it cannot be reached (${error.name})`;
}

/** Whether a command was not even sent. */
export function isUnsent(error: unknown): boolean {
  return error instanceof Error && error.message.includes('enableOfflineQueue');
}

/** Whether what was asked was surely not done: Redis refused it, or never got it. Otherwise that is not known. */
export function isRefusal(error: unknown): boolean {
  return isUnsent(error) || (error instanceof Error && error.name === 'ReplyError');
}

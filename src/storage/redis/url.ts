import type { Fault } from '../../policy/faults.ts';

/** One server, by name or address. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** How Redis is reached. */
export type RedisAddress =
  | ({ readonly kind: 'single' } & HostPort)
  /** The sentinels are asked for the master of this name. */
  | { readonly kind: 'sentinel'; readonly sentinels: readonly HostPort[]; readonly master: string }
  /** Any of the nodes tells of the others. */
  | { readonly kind: 'cluster'; readonly nodes: readonly HostPort[] };

/** What a Redis URL says. */
export interface RedisLocation {
  readonly address: RedisAddress;
  readonly tls: boolean;
  /** Undefined: the user `default`. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

/** A location, or the first fault of the URL. A fault never quotes the URL, as a password may stand anywhere in it. */
export type RedisUrlReading =
  | { readonly ok: true; readonly location: RedisLocation }
  | { readonly ok: false; readonly fault: Fault };

/** Ports without a number. */
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26379;

const SCHEME = /^(rediss?)(?:\+(sentinel|cluster))?:\/\//i;
const FORMS =
  'Write redis://HOST:PORT/DB, redis+sentinel://HOST:PORT,HOST:PORT/MASTER?db=DB or redis+cluster://HOST:PORT,HOST:PORT; rediss… for TLS.';
const ENCODE = 'Percent-encode the user and the password: @ is %40, / is %2F, ? is %3F, # is %23, % is %25.';

class UrlError extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UrlError('has a % that begins no percent-encoded character', ENCODE);
  }
}

function credentials(text: string): Pick<RedisLocation, 'username' | 'password'> {
  const colon = text.indexOf(':');
  if (colon < 0 || colon === text.length - 1) {
    throw new UrlError(
      'has no password before the @',
      'Write USER:PASSWORD@ or, for the default user, :PASSWORD@.',
    );
  }
  const username = decoded(text.slice(0, colon));
  return { username: username === '' ? undefined : username, password: decoded(text.slice(colon + 1)) };
}

const HOST = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+))(?::(\d+))?$/i;

function hostPort(text: string, place: number, defaultPort: number): HostPort {
  const found = HOST.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = found?.[3] === undefined ? defaultPort : Number(found[3]);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new UrlError(
      `has an address that is no HOST:PORT: number ${place}`,
      'Write HOST:PORT with a port of 1 to 65535, and an IPv6 address in brackets.',
    );
  }
  return { host, port };
}

function databaseNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UrlError('has a database that is no whole number', 'Write the number of the database, from 0.');
}

/** The one parameter that there is: `db`. */
function databaseOfQuery(query: string): number | undefined {
  const parameters = [...new URLSearchParams(query)];
  if (parameters.some(([name]) => name !== 'db') || parameters.length > 1) {
    throw new UrlError('has a parameter behind the ? that is not known', 'Only db=NUMBER is, once.');
  }
  const value = parameters[0]?.[1];
  return value === undefined ? undefined : databaseNumber(value);
}

function oneAddress(hosts: readonly string[]): HostPort {
  if (hosts.length !== 1) {
    const remedy = 'For several, use redis+sentinel:// or redis+cluster://.';
    throw new UrlError('has several addresses, which this form does not take', remedy);
  }
  return hostPort(hosts[0] ?? '', 1, REDIS_PORT);
}

function clusterDatabase(path: string, database: number | undefined): number {
  if (path !== '' || (database ?? 0) !== 0) {
    throw new UrlError('names a database, and a Redis Cluster has only the number 0', 'Leave it out.');
  }
  return 0;
}

function locate(url: string): RedisLocation {
  const [matched, scheme, form] = SCHEME.exec(url) ?? [];
  if (matched === undefined) throw new UrlError('is no Redis URL', FORMS);
  const rest = url.slice(matched.length);
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const behind = end < 0 ? '' : rest.slice(end);
  if (/[@#]/.test(behind)) throw new UrlError('has an @ or a # behind the addresses', ENCODE);

  const at = authority.lastIndexOf('@');
  const who = at < 0 ? { username: undefined, password: undefined } : credentials(authority.slice(0, at));
  const hosts = authority.slice(at + 1).split(',');
  const question = behind.indexOf('?');
  const path = (question < 0 ? behind : behind.slice(0, question)).replace(/^\//, '');
  const ofQuery = question < 0 ? undefined : databaseOfQuery(behind.slice(question + 1));
  const common = { tls: scheme?.toLowerCase() === 'rediss', ...who };

  switch (form?.toLowerCase()) {
    case 'sentinel': {
      const sentinels = hosts.map((host, index) => hostPort(host, index + 1, SENTINEL_PORT));
      const master = decoded(path);
      if (master === '') throw new UrlError('names no master', 'Write /MASTER-NAME behind the sentinels.');
      return { address: { kind: 'sentinel', sentinels, master }, ...common, database: ofQuery ?? 0 };
    }
    case 'cluster': {
      const nodes = hosts.map((host, index) => hostPort(host, index + 1, REDIS_PORT));
      return { address: { kind: 'cluster', nodes }, ...common, database: clusterDatabase(path, ofQuery) };
    }
    default: {
      if (path !== '' && ofQuery !== undefined) {
        throw new UrlError('names the database twice', 'Keep /DB or ?db=DB.');
      }
      const database = path === '' ? (ofQuery ?? 0) : databaseNumber(path);
      return { address: { kind: 'single', ...oneAddress(hosts) }, ...common, database };
    }
  }
}

/**
 * Reads a Redis URL: `redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]`,
 * `redis+sentinel://[…@]HOST[:PORT],…/MASTER[?db=DB]` or `redis+cluster://[…@]HOST[:PORT],…`; `rediss` in place of
 * `redis` for TLS. User and password are percent-encoded (RFC 3986, 2.1).
 *
 * @param path the place that the fault names, for example `store.url`
 */
export function parseRedisUrl(url: string, path: string): RedisUrlReading {
  try {
    return { ok: true, location: locate(url) };
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    return { ok: false, fault: { path, message: error.message, remedy: error.remedy } };
  }
}

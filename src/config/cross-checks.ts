import { quote } from '../policy/faults.ts';
import { BUILT_IN_SCOPES } from '../policy/schema.ts';
import { parseRedisUrl } from '../storage/redis/url.ts';
import { nearest } from './nearest.ts';
import { isRecord, valueAt } from './records.ts';
import type { Settings } from './schema.ts';
import { storeSettings } from './store-schema.ts';
import { formatBytes } from './values.ts';
import type { Finding } from './wording.ts';

/** The sections that are valid by themselves. */
export type ValidSections = Partial<Settings>;

function finding(path: readonly PropertyKey[], message: string, remedy: string): Finding {
  return { path, message, remedy, name: false };
}

function scopeFindings(scopes: readonly string[]): readonly Finding[] {
  return scopes.flatMap((scope, index) => {
    const path = ['scopes', index];
    if ((BUILT_IN_SCOPES as readonly string[]).includes(scope)) {
      return [finding(path, `${quote(scope)} is built in`, 'Remove it here; it can be used as it is.')];
    }
    const first = scopes.indexOf(scope);
    return first < index ? [finding(path, `is the same as scopes[${first}]`, 'Remove one of the two.')] : [];
  });
}

/** Scope names of `identity` that nothing declares. */
function identityFindings(document: unknown, scopes: readonly string[]): readonly Finding[] {
  const known = scopeNames(scopes);
  const check = (name: unknown, path: readonly PropertyKey[]): readonly Finding[] => {
    if (typeof name !== 'string' || name === '' || known.includes(name)) return [];
    const meant = nearest(name, known);
    const remedy =
      meant === undefined
        ? `Name it in scopes, or use one of ${known.join(', ')}.`
        : `Did you mean ${quote(meant)}?`;
    return [finding(path, `${quote(name)} is no scope`, remedy)];
  };
  const base = ['identity', 'scope'];
  const sources = valueAt(document, [...base, 'sources']);
  const maps = (Array.isArray(sources) ? sources : []).flatMap((source, index) => {
    const map = valueAt(source, ['map']);
    return Object.entries(isRecord(map) ? map : {}).flatMap(([value, name]) =>
      check(name, [...base, 'sources', index, 'map', value]),
    );
  });
  return [...check(valueAt(document, [...base, 'default']), [...base, 'default']), ...maps];
}

function routeFindings(document: unknown): readonly Finding[] {
  const routes = valueAt(document, ['routes']);
  const names = (Array.isArray(routes) ? routes : []).map((route) => valueAt(route, ['name']));
  return names.flatMap((name, index) => {
    const path = ['routes', index, 'name'];
    if (name === 'default') {
      return [finding(path, '"default" stands for requests without a route', 'Choose another name.')];
    }
    const first = names.indexOf(name);
    if (name === undefined || first === index) return [];
    return [finding(path, `is the name of routes[${first}] too`, 'Give each route a name of its own.')];
  });
}

/** What is wrong with the URL of Redis. Nothing of it is quoted: a password may stand anywhere in it. */
function storeFindings(store: Settings['store']): readonly Finding[] {
  const { url, cert_file, key_file } = storeSettings(store);
  const findings: Finding[] = [];
  const reading = url === 'memory' ? undefined : parseRedisUrl(url, 'store');
  if (reading?.ok === false) {
    const { message, remedy } = reading.fault;
    findings.push(finding(typeof store === 'string' ? ['store'] : ['store', 'url'], message, remedy));
  }
  if ((cert_file === '') !== (key_file === '')) {
    findings.push(finding(['store'], 'has only one of cert_file and key_file', 'Set both, or neither.'));
  }
  return findings;
}

/** Replicas that share sessions must make the same hash of a name. */
function sessionFindings(sessions: Settings['sessions'], store: Settings['store']): readonly Finding[] {
  const isShared = storeSettings(store).url !== 'memory';
  if (!isShared || sessions.headers.length === 0 || sessions.hash_key_file !== '') return [];
  const message = 'is empty, and replicas that share Redis need the same key';
  const remedy =
    'Name a file with a key ("openssl rand -hex 32"), the same for all replicas, or leave sessions.headers empty.';
  return [finding(['sessions', 'hash_key_file'], message, remedy)];
}

/** The scopes that a request can have: the built-in ones but `all`, and those of the configuration. */
function scopeNames(scopes: readonly string[]): readonly string[] {
  return [...BUILT_IN_SCOPES.filter((scope) => scope !== 'all'), ...scopes];
}

/**
 * What is wrong between keys. Names are compared as they stand in `document`, valid or not, so that one fault does not
 * hide another; values that need reading are compared where their sections are valid.
 */
export function crossFindings(document: unknown, sections: ValidSections): readonly Finding[] {
  const named = valueAt(document, ['scopes']);
  const scopes = (Array.isArray(named) ? named : []).filter((scope) => typeof scope === 'string');
  const findings = [
    ...scopeFindings(scopes),
    ...identityFindings(document, scopes),
    ...routeFindings(document),
  ];
  const { limits, listen, policy } = sections;
  if (limits?.held_total.kind === 'bytes' && limits.held_total.bytes < limits.body) {
    const message = `is less than limits.body (${formatBytes(limits.body)}): no body of that size could be held`;
    findings.push(finding(['limits', 'held_total'], message, 'Raise it, or lower limits.body.'));
  }
  if (listen?.ops !== undefined && listen.grpc.kind === 'tcp' && listen.ops.port !== 0) {
    const { grpc, ops } = listen;
    if (grpc.port === ops.port && grpc.host === ops.host) {
      findings.push(
        finding(['listen', 'ops'], 'is the address of listen.grpc too', 'Give it a port of its own.'),
      );
    }
  }
  if (sections.store !== undefined) {
    findings.push(...storeFindings(sections.store));
    if (sections.sessions !== undefined) {
      findings.push(...sessionFindings(sections.sessions, sections.store));
    }
  }
  if (policy !== undefined && policy.cache !== '' && policy.cache === policy.file) {
    findings.push(finding(['policy', 'cache'], 'is policy.file itself', 'Name another file for the cache.'));
  }
  return findings;
}

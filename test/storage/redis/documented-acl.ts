import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const DOCS = readFileSync(resolve(import.meta.dirname, '../../../docs/redis.md'), 'utf8');

/** What docs/redis.md tells operators to say to ACL SETUSER, without the name of the user; the password is `pw`. */
export function documentedRules(): string[] {
  const [, line] = /```acl\nuser tiergate (.*)\n```/.exec(DOCS) ?? [];
  return (line ?? '').replace('>PASSWORD', '>pw').split(' ');
}

/** What a Redis Cluster needs beside them. */
export function clusterRules(): string[] {
  return (/`(\+cluster\|slots [^`]*)`/.exec(DOCS)?.[1] ?? '').split(' ');
}

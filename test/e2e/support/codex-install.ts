import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isExecutable } from '../../../tools/envoy/install.ts';
import { runCommand } from '../../../tools/envoy/run-command.ts';

/** The release of Codex CLI that is tested. */
export const CODEX_VERSION = '0.169.0';

/** What npm shall leave alone. */
const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** Where the binary is kept: `$TOOLS_CACHE/codex`, else `.cache/codex` in the project. */
function codexCache(): string {
  const root = process.env['TOOLS_CACHE'] ?? resolve(import.meta.dirname, '../../../.cache');
  return resolve(root, 'codex');
}

/**
 * The path of the Codex binary for this system, fetched on first use with npm from the package that holds it. The binary
 * alone has 290 MB, so it stands in the cache and not among the project's dependencies.
 *
 * @throws Error that says why it cannot be had
 */
export async function installCodex(): Promise<string> {
  const folder = join(codexCache(), CODEX_VERSION);
  const binary = join(folder, 'codex');
  if (await isExecutable(binary)) return binary;

  const name = `@openai/codex@${CODEX_VERSION}-${process.platform}-${process.arch}`;
  const staging = join(codexCache(), `.${CODEX_VERSION}-${process.pid}-${randomBytes(4).toString('hex')}`);
  const download = join(staging, 'download');
  await mkdir(download, { recursive: true });
  try {
    // Without a package of its own npm would install into one above.
    await writeFile(join(download, 'package.json'), '{"private":true}');
    const args = ['install', '--prefix', download, ...QUIET, `codex@npm:${name}`];
    const { code, stderr } = await runCommand('npm', args);
    if (code !== 0) throw new Error(`npm cannot fetch ${name}: ${stderr.trim().slice(-500)}`);
    await rename(await findBinary(join(download, 'node_modules', 'codex', 'vendor')), join(staging, 'codex'));
    await rm(download, { recursive: true });
    await rm(folder, { recursive: true, force: true });
    await rename(staging, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return binary;
}

/** The package holds the binary under the name of its compilation target. */
async function findBinary(vendor: string): Promise<string> {
  for (const target of await readdir(vendor)) {
    const binary = join(vendor, target, 'bin', 'codex');
    if (await isExecutable(binary)) return binary;
  }
  throw new Error(`the npm package of Codex ${CODEX_VERSION} holds no binary for this system`);
}

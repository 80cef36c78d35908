import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeTemporaryFolder } from '../envoy/temporary-folder.ts';
import { RootFolder } from './root-folder.ts';
import type { StandIn } from './stand-ins.ts';

/**
 * Makes the image of a stand-in in an engine.
 *
 * @param host value of `DOCKER_HOST`
 * @throws Error where its files cannot be had, or the engine refuses it
 */
export async function importImage(host: string, standIn: StandIn): Promise<void> {
  const folder = await makeTemporaryFolder();
  try {
    const root = new RootFolder(join(folder, 'root'));
    await standIn.fill(root);
    const changes = standIn.changes.flatMap((change) => ['--change', change]);
    const tar = spawn('tar', ['-C', root.path, '--owner=0', '--group=0', '-c', '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const docker = spawn('docker', ['import', ...changes, '-', standIn.name], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, DOCKER_HOST: host },
    });
    let complaint = '';
    docker.stderr.on('data', (part: Buffer) => {
      complaint += part.toString();
    });
    const ended = once(docker, 'close') as Promise<[number | null]>;
    await pipeline(tar.stdout, docker.stdin);
    const [code] = await ended;
    if (code !== 0) throw new Error(`${standIn.name} cannot be made: ${complaint.trim()}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

import { accessSync, constants, lstatSync, type Stats, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** Longest path that fits into a socket address on Linux and macOS. */
const maxPathBytes = 103;

/**
 * Makes a path free for a Unix socket. A file is removed only where it is a socket that nobody listens on: one left
 * by a process that was killed.
 *
 * @throws Error that names the path and the remedy
 */
export async function prepareSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > maxPathBytes) {
    throw new Error(
      `cannot listen on ${path}: the path is longer than ${maxPathBytes} bytes; choose a shorter one`,
    );
  }
  checkDirectory(path);
  const stats = statsOf(path);
  if (stats === undefined) return;
  if (!stats.isSocket()) {
    throw new Error(
      `cannot listen on ${path}: it exists and is not a socket; move it away or choose another path`,
    );
  }
  await checkUnused(path);
  try {
    unlinkSync(path);
  } catch (fault) {
    throw new Error(`cannot remove the stale socket ${path} (${codeOf(fault)}): remove it by hand`);
  }
}

function checkDirectory(path: string): void {
  const directory = dirname(path);
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (fault) {
    const code = codeOf(fault);
    const remedy =
      code === 'ENOENT'
        ? 'create the directory'
        : code === 'ENOTDIR'
          ? 'choose a path in a directory'
          : 'give this user write and search permission on the directory';
    throw new Error(`cannot listen on ${path}: ${directory} cannot be used (${code}); ${remedy}`);
  }
  if (!lstatSync(`${directory}/.`).isDirectory()) {
    throw new Error(`cannot listen on ${path}: ${directory} is not a directory; choose a path in one`);
  }
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** A socket with nobody behind it refuses a connection; anything else means that it may be in use. */
function checkUnused(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      reject(
        new Error(`cannot listen on ${path}: another process listens on it; stop it or choose another path`),
      );
    });
    probe.once('error', (fault) => {
      const code = codeOf(fault);
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve();
      else
        reject(
          new Error(
            `cannot tell whether ${path} is in use (${code}): remove it by hand if no process listens on it`,
          ),
        );
    });
  });
}

function codeOf(fault: unknown): string {
  return fault instanceof Error && 'code' in fault ? String(fault.code) : 'unknown error';
}

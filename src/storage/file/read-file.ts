import { open, realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { PlacedFault } from '../faults.ts';

/** Most bytes of a policy file: four for each of the 4 Mi characters that a policy may have. */
const MAX_POLICY_BYTES = 16 * 1024 * 1024;

/** What stands in a file. */
export type FileContent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'fault'; readonly fault: PlacedFault };

/** The system's code of a failed file operation, or the error's text. */
export function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'Let the user of this process read it.',
  ELOOP: 'The symbolic links lead in a circle; link to a file.',
  ENOTDIR: 'A part of its path is a file; correct policy.file.',
};

function fault(file: string, message: string, remedy: string): FileContent {
  return { kind: 'fault', fault: { file, path: '', message, remedy } };
}

/** Reads a whole text file of at most `maxBytes` bytes. Never rejects. */
export async function readTextFile(file: string, maxBytes = MAX_POLICY_BYTES): Promise<FileContent> {
  try {
    await using handle = await open(file, 'r');
    const stat = await handle.stat();
    if (stat.isDirectory())
      return fault(file, 'is a directory, not a file', 'Put the policy file in its place.');
    if (!stat.isFile()) return fault(file, 'is no regular file', 'Put the policy file in its place.');
    if (stat.size > maxBytes) {
      return fault(file, `has ${stat.size} bytes, more than ${maxBytes}`, 'Shorten it.');
    }
    const bytes = await handle.readFile();
    try {
      return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
    } catch {
      return fault(file, 'is not UTF-8', 'Save it as UTF-8.');
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return { kind: 'absent' };
    return fault(file, `cannot be read (${code})`, REMEDIES[code] ?? 'Check the file and its file system.');
  }
}

/** Where a save has to write: the file itself, or what its symbolic links lead to. */
export async function targetOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch {
    try {
      return join(await realpath(dirname(file)), basename(file));
    } catch {
      return file;
    }
  }
}

/** Whether a path leads through the versioned directory of a mounted ConfigMap or Secret (`..2024_05_01_…`). */
export function isMountedVersion(path: string): boolean {
  return path.split(sep).some((part) => part.startsWith('..') && part.length > 2);
}

import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, isMountedVersion, targetOf } from './read-file.ts';

const REASONS: Readonly<Record<string, string>> = {
  EROFS: 'its file system is read-only',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'a part of its path is a file',
};

/** Why a policy file cannot be saved, and what to do instead; undefined where it can. */
export async function readOnlyReason(file: string): Promise<string | undefined> {
  const target = await targetOf(file);
  if (isMountedVersion(target)) {
    return `${file} is mounted from a ConfigMap: change the ConfigMap, the change is read when it arrives`;
  }
  try {
    if ((await stat(target)).isDirectory()) return `${file} is a directory: put the policy file in its place`;
    await access(target, constants.W_OK);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT') return `${file} cannot be written: ${REASONS[code] ?? code}`;
  }
  try {
    // The file is replaced by a new one, so its directory is what has to be writable.
    await access(dirname(target), constants.W_OK);
    return undefined;
  } catch (error) {
    const code = errorCode(error);
    return `${file} cannot be saved: ${REASONS[code] ?? code}`;
  }
}

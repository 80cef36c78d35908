import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Shortest key, in characters: 128 bits in hex. */
const MIN_LENGTH = 32;
const MAX_KEYS = 2;
const RANDOM_BYTES = 32;

/**
 * The keys of `sessions.hash_key_file`, the one that writes first; without a file one that lasts as long as the process.
 *
 * @param file absolute path; empty for none
 * @throws Error that names the setting and what to do; it holds nothing of the file
 */
export function readHashKeys(file: string): readonly Buffer[] {
  if (file === '') return [randomBytes(RANDOM_BYTES)];
  const lines = readText(file)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length === 0 || lines.length > MAX_KEYS || lines.some((line) => line.length < MIN_LENGTH)) {
    throw new Error(
      `sessions.hash_key_file must hold one or two lines of ${MIN_LENGTH} characters or more (${file}): ` +
        'make a key with "openssl rand -hex 32"',
    );
  }
  return lines.map((line) => Buffer.from(line));
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Error(`sessions.hash_key_file cannot be read (${code}): ${file}`);
  }
}

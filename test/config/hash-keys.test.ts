import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readHashKeys } from '../../src/config/hash-keys.ts';
import { temporaryDirectory } from '../storage/file/directory.ts';

const KEY = '0123456789abcdef0123456789abcdef';
const OTHER = 'fedcba9876543210fedcba9876543210';

function fileWith(text: string): string {
  const file = join(temporaryDirectory(), 'key');
  writeFileSync(file, text);
  return file;
}

it('reads one key, or two of a rotation in their order', () => {
  expect(readHashKeys(fileWith(KEY))).toEqual([Buffer.from(KEY)]);
  expect(readHashKeys(fileWith(`\n ${KEY} \r\n${OTHER}\n\n`))).toEqual([
    Buffer.from(KEY),
    Buffer.from(OTHER),
  ]);
});

it('draws a key where there is no file, another one each time', () => {
  const [first, ...others] = readHashKeys('');
  expect(first).toHaveLength(32);
  expect(others).toEqual([]);
  expect(readHashKeys('')).not.toEqual([first]);
});

it.each([
  ['nothing', '\n'],
  ['a key that is too short', KEY.slice(1)],
  ['a second key that is too short', `${KEY}\nabc`],
  ['three keys', `${KEY}\n${OTHER}\n${KEY}\n`],
])('refuses %s, and repeats nothing of the file', (_, text) => {
  expect(() => readHashKeys(fileWith(text))).toThrow(
    /^sessions\.hash_key_file must hold one or two lines of 32 characters or more \([^)]+\): make a key with "openssl rand -hex 32"$/,
  );
});

it('says why a file cannot be read', () => {
  expect(() => readHashKeys('/nowhere/key')).toThrow(
    'sessions.hash_key_file cannot be read (ENOENT): /nowhere/key',
  );
});

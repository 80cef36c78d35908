import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** Commands that this suite, the one of containers, or the script that runs them, runs by themselves. */
const RUN_ELSEWHERE = [
  'npm ci && npm run demo',
  'npm ci && npm test',
  'npm run build',
  'docker build -f deploy/Dockerfile -t tiergate .',
];

/** The lines of all `sh` blocks. */
const commands = [...README.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap((block) =>
  (block[1] ?? '').trim().split('\n'),
);
const policy = /^```json\n([\s\S]*?)^```$/m.exec(README)?.[1] ?? '';

describe('the README', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tiergate-readme-'));
    writeFileSync(join(folder, 'policy.json'), policy);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs a line of the README in a folder that holds its policy, on this Node and the sources. */
  function run(line: string) {
    const main = `${process.execPath} ${join(ROOT, 'src/cli/main.ts')}`;
    const command = line
      .replace('node_modules/.bin/node dist/cli/main.js', main)
      .replace(/\btiergate (?=explain)/, `${main} `);
    return spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8', timeout: 30_000 });
  }

  it('has only commands that are known here', () => {
    const known = [...RUN_ELSEWHERE, 'check policy.json', 'serve', 'explain'];
    for (const line of commands)
      expect(
        known.some((word) => line === word || line.includes(` ${word}`)),
        line,
      ).toBe(true);
  });

  it('has a policy that passes its own check', () => {
    const line = commands.find((text) => text.includes('check policy.json')) ?? '';
    const result = run(line);
    expect(result.status, result.stdout + result.stderr).toBe(0);
  });

  it('explains the request that it shows: fast goes for a model that is not on the list', () => {
    const result = run(commands.find((text) => text.includes('explain')) ?? '');
    expect(result.status, result.stderr).toBe(0);
    expect(result.stdout).toContain('filter');
    expect(result.stdout).toContain('fast-for-5.5-only');
  });

  it('links only to files that are there', () => {
    const tracked = new Set(execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).split('\n'));
    for (const [, target] of README.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      expect(tracked.has(target ?? ''), target).toBe(true);
  });

  it('starts the service as it says', () => {
    const line = commands.find((text) => text.endsWith(' serve')) ?? '';
    expect(line).not.toBe('');
    // The start itself, its listening and its end are what every other file of this folder is about.
    expect(run(`${line} --help`).stdout).toContain('Run the ext_proc service');
  });
});

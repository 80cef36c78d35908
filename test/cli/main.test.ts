import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tiergate-main-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

it('reads standard input, writes standard output, and ends with the exit code of the command', () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, 'p.json'), '{"rules":[{"service_tier":"all","action":"blok","scope":"all"}]}');
  const checked = spawnSync(process.execPath, [MAIN, 'check', 'p.json'], { cwd, encoding: 'utf8' });
  expect(checked.status).toBe(1);
  expect(checked.stdout).toMatch(/^p\.json:1:33 rules\[0\]\.action: "blok" is not allowed here — /);
  const input = '{"model":"gpt-5.5","service_tier":"fast"}';
  const explained = spawnSync(process.execPath, [MAIN, 'explain', '--json'], {
    cwd,
    encoding: 'utf8',
    // Without the variables of whoever runs the tests: a stray TIERGATE_* one is refused, as it should be.
    env: { PATH: process.env['PATH'] },
    input,
  });
  expect(explained.status).toBe(0);
  expect(JSON.parse(explained.stdout)).toMatchObject({ decision: { action: 'filter' } });
});

it('serves as a process, with the log on standard output, and ends with 0 after SIGTERM', async () => {
  const env = {
    PATH: process.env['PATH'],
    TIERGATE_LISTEN_GRPC: '127.0.0.1:0',
    TIERGATE_LISTEN_OPS: '127.0.0.1:0',
    TIERGATE_LIMITS_DRAIN_GRACE: '0s',
  };
  const child = spawn(process.execPath, [MAIN, 'serve'], { cwd: temporaryDirectory(), env });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      errors += String(chunk);
      if (/health, metrics {3}http/.test(errors)) resolve();
    });
    child.on('close', () => reject(new Error(errors)));
  });
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  const messages = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).msg);
  expect(messages).toEqual(['policy in force', 'listening']);
});

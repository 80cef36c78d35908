import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LogOutput } from '../../src/telemetry/log-output.ts';

const args = (script: string) => [
  '--input-type=module-typescript',
  '-e',
  `import { LogOutput } from './src/telemetry/log-output.ts'; const output = new LogOutput(1); ${script}`,
];

async function temporaryFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tiergate-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'log');
}

function exited(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve));
}

describe('LogOutput', () => {
  it('writes every line in order, also those that come while it writes', async () => {
    const file = await temporaryFile();
    const descriptor = openSync(file, 'w');
    onTestFinished(() => closeSync(descriptor));
    const output = new LogOutput(descriptor);
    const lines = Array.from({ length: 5_000 }, (_, index) => `${index} ${'x'.repeat(100)}ü\n`);
    for (const [index, line] of lines.entries()) {
      output.write(line);
      if (index % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await output.close();
    expect(await readFile(file, 'utf8')).toBe(lines.join(''));
  });

  it('writes a line that stays alone, after a while', async () => {
    const file = await temporaryFile();
    const descriptor = openSync(file, 'w');
    onTestFinished(() => closeSync(descriptor));
    const output = new LogOutput(descriptor);
    output.write('alone\n');
    await expect.poll(() => readFile(file, 'utf8'), { timeout: 5_000 }).toBe('alone\n');
    await output.close();
  });

  it.each([
    ['process.exit', 'process.exit(3);'],
    ['an exception that nobody catches', "throw new Error('end');"],
    ['nothing left to do', ''],
  ])('has written the last lines at the end of the process by %s', (_name, end) => {
    const script = `for (let i = 0; i < 50; i += 1) output.write(i + '\\n'); ${end}`;
    const run = spawnSync(process.execPath, args(script), { encoding: 'utf8' });
    expect(run.stdout.trim().split('\n')).toEqual(Array.from({ length: 50 }, (_, index) => String(index)));
  });

  it('keeps a bounded amount for a reader who does not read, and says what was lost', async () => {
    const script = `
      const line = 'x'.repeat(1023) + '\\n';
      const feed = () => { for (let i = 0; i < 32_768; i += 1) output.write(line); };
      feed();
      process.stderr.write('fed');
      process.stdin.once('data', () => output.close().then(() => process.exit(0)));`;
    const child = spawn(process.execPath, args(script), { stdio: ['pipe', 'pipe', 'pipe'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.stderr.once('data', resolve));
    let bytes = 0;
    let tail = '';
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      tail = (tail + chunk.toString('latin1')).slice(-400);
    });
    child.stdin.write('go');
    expect(await exited(child)).toBe(0);
    expect(bytes).toBeGreaterThan(16 * 1024 * 1024);
    expect(bytes).toBeLessThan(17 * 1024 * 1024);
    const said = JSON.parse(tail.trim().split('\n').at(-1) ?? '');
    expect(said).toMatchObject({ level: 'warn', dropped: expect.any(Number) });
    // The lines that were kept, and those that are said to be lost, are all of them.
    expect(Math.floor(bytes / 1024) + said.dropped).toBe(32_768);
  });

  it('goes on without a reader', async () => {
    const script = `
      process.stdin.once('data', async () => {
        for (let i = 0; i < 200; i += 1) output.write('x'.repeat(1000) + '\\n');
        await output.close();
        process.stderr.write('alive');
        process.exit(0);
      });`;
    const child = spawn(process.execPath, args(script), { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    child.stdout.destroy();
    child.stdin.write('go');
    expect(await exited(child)).toBe(0);
    expect(said).toBe('alive');
  });
});

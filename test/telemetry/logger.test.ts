import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/telemetry/logger.ts';

describe('createLogger', () => {
  it('hides credentials by name at the top level and up to three objects deep', () => {
    const lines: string[] = [];
    const { logger } = createLogger('info', { write: (line) => lines.push(line) });
    logger.info({
      authorization: 'Bearer sk-1',
      headers: { 'x-api-key': 'sk-2', a: { cookie: 'sk-3', b: { token: 'sk-4' } } },
    });
    expect(lines.join('')).not.toMatch(/sk-\d/);
    expect(JSON.parse(lines[0] ?? '').headers['x-api-key']).toBe('[redacted]');
  });

  it('writes nothing below its level', () => {
    const lines: string[] = [];
    const { logger } = createLogger('warn', { write: (line) => lines.push(line) });
    logger.info('no');
    logger.warn('yes');
    expect(lines).toHaveLength(1);
  });

  it('has written every line to standard output when close resolves', () => {
    const script = `
      import { createLogger } from './src/telemetry/logger.ts';
      const handle = createLogger('info');
      for (let i = 0; i < 100; i += 1) handle.logger.info({ i }, 'line');
      await handle.close();
      process.kill(process.pid, 'SIGKILL');`;
    const run = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
      encoding: 'utf8',
    });
    expect(run.signal).toBe('SIGKILL');
    expect(run.stdout.trim().split('\n')).toHaveLength(100);
  });
});

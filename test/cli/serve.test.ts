import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type TestTerminal, testTerminal } from './terminal.ts';

/** A terminal whose service takes free ports and has little to say. */
function serviceTerminal(): TestTerminal {
  const terminal = testTerminal();
  Object.assign(terminal.environment, {
    TIERGATE_LISTEN_GRPC: '127.0.0.1:0',
    TIERGATE_LISTEN_OPS: '127.0.0.1:0',
    TIERGATE_LOG_LEVEL: 'silent',
    TIERGATE_LIMITS_DRAIN_GRACE: '0s',
  });
  return terminal;
}

async function portInUse(): Promise<number> {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void blocker.close());
  const address = blocker.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('tiergate serve', () => {
  it('says where it listens and what is in force, answers, and drains on a signal', async () => {
    const terminal = serviceTerminal();
    terminal.write('policy.json', {
      rules: [{ service_tier: 'all', action: 'pass', scope: 'all', error_message: 'x' }],
    });
    const running = terminal.run('serve');
    await terminal.untilError('policy warning');
    expect(terminal.errors).toMatch(/ext_proc service {2}127\.0\.0\.1:[1-9]\d+\n/);
    expect(terminal.errors).toMatch(/policy {12}revision 1 \(stored\), 1 rules, .*policy\.json\n/);
    const ops = /http:\/\/\S+/.exec(terminal.errors)?.[0];
    const ready = await fetch(`${ops}/readyz`);
    expect(await ready.json()).toEqual({
      ready: true,
      checks: { policy: 'stored, revision 1', enforcement: 'enforce' },
    });
    terminal.signal('SIGTERM');
    expect(await running).toBe(0);
    expect(terminal.errors).toContain('SIGTERM: draining');
    await expect(fetch(`${ops}/readyz`)).rejects.toThrow();
  });

  it('stops at once on the second signal, with 5', async () => {
    const terminal = serviceTerminal();
    terminal.environment['TIERGATE_LIMITS_DRAIN_GRACE'] = '1h';
    const running = terminal.run('serve');
    await terminal.untilError('health, metrics');
    terminal.signal('SIGINT');
    terminal.signal('SIGINT');
    expect(await running).toBe(5);
    expect(terminal.errors).toContain('SIGINT again: stopping at once');
  });

  it.each([
    ['TIERGATE_LISTEN_GRPC', /cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/],
    [
      'TIERGATE_LISTEN_OPS',
      /listen\.ops cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\): choose another address/,
    ],
  ])('refuses to start where the port of %s is in use', async (variable, message) => {
    const terminal = serviceTerminal();
    terminal.environment[variable] = `127.0.0.1:${await portInUse()}`;
    expect(await terminal.run('serve')).toBe(4);
    expect(terminal.errors).toMatch(/^tiergate cannot start: /);
    expect(terminal.errors).toMatch(message);
  });

  it('refuses to start where the socket cannot be made', async () => {
    const terminal = serviceTerminal();
    terminal.environment['TIERGATE_LISTEN_GRPC'] = `unix:${join(terminal.directory, 'none', 'a.sock')}`;
    expect(await terminal.run('serve')).toBe(4);
    expect(terminal.errors).toMatch(
      /cannot start: cannot listen on .*a\.sock: .*ENOENT.*create the directory/,
    );
  });

  it('refuses to start without its TLS files', async () => {
    const terminal = serviceTerminal();
    terminal.environment['TIERGATE_TLS_GRPC_CERT'] = 'none.crt';
    terminal.environment['TIERGATE_TLS_GRPC_KEY'] = 'none.key';
    expect(await terminal.run('serve')).toBe(4);
    expect(terminal.errors).toMatch(/cannot read tls\.grpc\.key .*none\.key \(ENOENT\): check the path/);
  });

  it('starts closed where the policy file is a directory, and says so', async () => {
    const terminal = serviceTerminal();
    mkdirSync(join(terminal.directory, 'policy.json'));
    const running = terminal.run('serve');
    await terminal.untilError('is a directory, not a file');
    expect(terminal.errors).toContain(
      'policy            none: governed requests get 503 until it can be read',
    );
    const ops = /http:\/\/\S+/.exec(terminal.errors)?.[0];
    const ready = await fetch(`${ops}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toContain('is a directory');
    terminal.signal('SIGTERM');
    expect(await running).toBe(0);
  });

  it('says that report mode changes nothing', async () => {
    const terminal = serviceTerminal();
    terminal.environment['TIERGATE_POLICY_ENFORCEMENT'] = 'report';
    const running = terminal.run('serve');
    await terminal.untilError('enforcement       report: verdicts are recorded, nothing is changed');
    terminal.signal('SIGTERM');
    expect(await running).toBe(0);
  });
});

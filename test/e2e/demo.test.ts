import { createConnection } from 'node:net';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type RunningProcess, startProcess } from '../../tools/envoy/start-process.ts';
import { waitFor } from '../../tools/envoy/wait-for.ts';
import { findRedisServer } from '../../tools/redis/find.ts';

const MAIN = resolve(import.meta.dirname, '../../demo/main.ts');

function startDemo(...args: string[]): Promise<RunningProcess> {
  return startProcess({ name: 'demo', command: process.execPath, args: [MAIN, ...args] });
}

/** Whether something listens on a loopback port. */
function isOpen(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      settle(true);
    });
    socket.once('error', () => settle(false));
  });
}

describe('npm run demo', () => {
  it('--once says first what will happen, tells every request and ends with 0', async () => {
    const demo = await startDemo('--once');
    expect((await demo.ended).code).toBe(0);
    expect(demo.stdout[0]).toContain('Starting a mock provider, Tiergate and Envoy');
    expect(demo.stdout.at(-1)).toMatch(/^All \d+ requests and \d+ messages went as told\.$/);
    // No colour where nobody looks.
    expect(demo.stdout.join('')).not.toContain('\u001b[');
    expect(demo.stderr).toEqual([]);
  });

  it("stays up for requests of one's own until Ctrl-C, and takes everything with it", async () => {
    const demo = await startDemo();
    const line = await waitFor(
      'the addresses',
      () => demo.stdout.find((text) => text.includes('curl')),
      60_000,
    );
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
    const body = /-d '(.*)'/.exec(line)?.[1] ?? '';
    const answer = await fetch(`http://127.0.0.1:${port}/v1/responses`, { method: 'POST', body });
    expect(await answer.json()).toMatchObject({ provider_received: '{"model":"gpt-5.5","input":"hi"}' });
    await waitFor('its line', () => demo.stdout.find((text) => text.includes('POST /v1/responses → 200')));
    demo.signal('SIGINT');
    expect((await demo.ended).code).toBe(0);
    const ports = [...demo.stdout.join('\n').matchAll(/127\.0\.0\.1:(\d+)/g)].map((match) =>
      Number(match[1]),
    );
    expect(new Set(ports).size).toBeGreaterThan(2);
    for (const taken of new Set(ports)) expect([taken, await isOpen(taken)]).toEqual([taken, false]);
  });

  it.skipIf(findRedisServer() === undefined)(
    '--redis tells its story to the end, with a redis-server',
    async () => {
      const demo = await startDemo('--redis');
      expect([(await demo.ended).code, demo.stdout.at(-1)]).toEqual([0, 'Everything went as told.']);
    },
  );

  it('knows its options', async () => {
    const help = await startDemo('--help');
    expect((await help.ended).code).toBe(0);
    expect(help.stdout[0]).toContain('Usage: npm run demo');
    const wrong = await startDemo('--twice');
    expect((await wrong.ended).code).toBe(2);
    expect(wrong.stderr.join('\n')).toContain('--twice');
  });
});

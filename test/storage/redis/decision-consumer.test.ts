import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { redisCommand } from '../../../tools/redis/command.ts';
import { numbered } from '../../decisions/sink-contract.ts';
import { openStream, STREAM } from './decisions.ts';
import { connect, describeWithRedis, eventually, startRedis } from './redis.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const DOCS = readFileSync(resolve(ROOT, 'docs/redis.md'), 'utf8');

/** What docs/redis.md tells operators to say to ACL SETUSER for who reads decisions. */
function readerRules(): string[] {
  const [, line] = /```acl\nuser reader (.*)\n```/.exec(DOCS) ?? [];
  return (line ?? '').replace('>PASSWORD', '>pw').split(' ');
}

interface Consumer {
  /** Lines that it printed. */
  readonly lines: readonly string[];
  readonly errors: readonly string[];
  /** Its exit code, once it has ended by itself. */
  readonly ended: Promise<number | null>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** Runs docs/examples/decision-consumer.mjs; it ends with the test. */
function startConsumer(port: number): Consumer {
  const child = spawn(process.execPath, ['docs/examples/decision-consumer.mjs'], {
    cwd: ROOT,
    env: { ...process.env, REDIS_URL: `redis://reader:pw@127.0.0.1:${port}` },
  });
  const output = { lines: '', errors: '' };
  child.stdout.on('data', (chunk) => (output.lines += String(chunk)));
  child.stderr.on('data', (chunk) => (output.errors += String(chunk)));
  const ended = new Promise<number | null>((done) => child.once('close', (code) => done(code)));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);
  return {
    get lines() {
      return linesOf(output.lines);
    },
    get errors() {
      return linesOf(output.errors);
    },
    ended,
    kill,
  };
}

/** What the example prints for the decisions of the tests. */
function printed(from: number, to: number): string[] {
  return numbered(from, to).map(({ id }) => `${id} filter gpt-5.5 undefined`);
}

describeWithRedis('docs/examples/decision-consumer.mjs', () => {
  it('gets every decision once, with the rights that docs/redis.md names and after a crash too', async () => {
    const redis = await startRedis();
    const { port } = redis;
    await redisCommand(port, 'acl', 'setuser', 'reader', ...readerRules());
    const connection = connect(`redis://127.0.0.1:${port}`);
    await connection.untilUp(10_000);
    const { record } = openStream(connection);
    const pending = async (): Promise<unknown> =>
      ((await redisCommand(port, 'xpending', STREAM, 'billing')) as unknown[])[0];
    const take = (count: number) =>
      redisCommand(
        port,
        'xreadgroup',
        ...['GROUP', 'billing', 'consumer-1', 'COUNT', String(count), 'STREAMS', STREAM, '>'],
      ) as Promise<[[string, [string, string[]][]]]>;

    record(0, 250);
    const first = startConsumer(port);
    await eventually(() => expect([first.errors, first.lines]).toEqual([[], printed(0, 250)]));
    record(250, 260);
    await eventually(() => expect(first.lines).toEqual(printed(0, 260)));
    await eventually(async () => expect(await pending()).toBe(0));
    await first.kill();

    // Ten are given to it and not acknowledged, and one of them is removed: what a crash leaves.
    record(260, 280);
    await eventually(async () => expect(await redisCommand(port, 'xlen', STREAM)).toBe(280));
    const [[, given]] = await take(10);
    await redisCommand(port, 'xdel', STREAM, given[0]?.[0] ?? '');
    const second = startConsumer(port);
    await eventually(() => expect([second.errors, second.lines]).toEqual([[], printed(261, 280)]));
    await eventually(async () => expect(await pending()).toBe(0));
    expect(await redisCommand(port, 'acl', 'log')).toEqual([]);

    await redisCommand(port, 'flushall');
    expect(await second.ended).toBe(1);
    expect(second.errors.join()).toMatch(/NOGROUP|UNBLOCKED/);
    record(280, 285);
    const third = startConsumer(port);
    await eventually(() => expect([third.errors, third.lines]).toEqual([[], printed(280, 285)]));
  });

  it('reads with rights for the stream alone', async () => {
    const redis = await startRedis();
    await redisCommand(redis.port, 'acl', 'setuser', 'reader', ...readerRules());
    const connection = connect(`redis://reader:pw@127.0.0.1:${redis.port}`);
    await connection.untilUp(10_000);
    await connection.run('xread', 'COUNT', 10, 'STREAMS', STREAM, 0);
    await connection.run('xrange', STREAM, '-', '+');
    for (const [command = '', ...args] of [
      ['xadd', STREAM, '*', 'decision', '{}'],
      ['xtrim', STREAM, 'MAXLEN', 0],
      ['del', STREAM],
      ['xrange', '{tg:policy}:audit', '-', '+'],
      ['hgetall', '{tg:policy}'],
    ] as (string | number)[][]) {
      await expect(connection.run(String(command), ...args), String(command)).rejects.toThrow(
        /NOPERM|no permissions|can't run this command|can't access/i,
      );
    }
  });
});

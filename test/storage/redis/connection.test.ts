import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { RedisConnection, RedisHealth } from '../../../src/storage/redis/connection.ts';
import { describeFailure } from '../../../src/storage/redis/failure.ts';
import { readRedisTls } from '../../../src/storage/redis/tls.ts';
import { freePort } from '../../../tools/envoy/free-port.ts';
import { redisCommand } from '../../../tools/redis/command.ts';
import { launchRedis } from '../../../tools/redis/launch.ts';
import { CertificateFolder } from '../../e2e/support/certificates.ts';
import { connect, describeWithRedis, eventually, redisServer, startRedis } from './redis.ts';

async function expectUp(connection: RedisConnection): Promise<void> {
  await connection.untilUp(15_000);
  expect(connection.health).toEqual({ state: 'up' });
  expect(await connection.run('ping')).toBe('PONG');
}

async function expectDown(connection: RedisConnection, reason: RegExp): Promise<void> {
  await eventually(() =>
    expect(connection.health).toEqual({ state: 'down', reason: expect.stringMatching(reason) }),
  );
}

/** Why a command fails. */
async function failure(connection: RedisConnection, command: string, ...args: string[]): Promise<string> {
  return connection.run(command, ...args).then(
    () => 'it worked',
    (error: unknown) => describeFailure(error),
  );
}

describeWithRedis('a connection to Redis', () => {
  it('signs in with a password, and uses the numbered database', async () => {
    const { port } = await startRedis('--requirepass', 's/ec@ret');
    const connection = connect(`redis://:s%2Fec%40ret@127.0.0.1:${port}/3`);
    await expectUp(connection);
    await connection.run('set', 'key', 'value');
    const client = String(await connection.run('client', 'list'));
    expect(client).toMatch(/ db=3 .*cmd=client/);
  });

  it('signs in as a user of the ACL', async () => {
    const redis = await startRedis();
    await redisCommand(redis.port, 'acl', 'setuser', 'app', 'on', '>pw', '+ping', '+info', '+select');
    const connection = connect(`redis://app:pw@127.0.0.1:${redis.port}`);
    await expectUp(connection);
    expect(await failure(connection, 'get', 'x')).toMatch(/no permissions to run the 'get' command/);
  });

  it.each([
    ['', /asks for a password/],
    ['app:not-the-one@', /user or password is wrong/],
  ])('says why it cannot sign in, and never with what (%s)', async (who, reason) => {
    const { port } = await startRedis('--requirepass', 'secret');
    const connection = connect(`redis://${who}127.0.0.1:${port}`);
    await expectDown(connection, reason);
    expect(JSON.stringify(connection.health)).not.toContain('not-the-one');
  });

  it('never takes database 0 for one that does not exist', async () => {
    const redis = await startRedis('--databases', '2');
    const connection = connect(`redis://127.0.0.1:${redis.port}/5`);
    await expectDown(connection, /no database of this number/);
    // Long after the library takes itself for ready.
    expect(await connection.untilUp(300)).toBe(false);
    expect(await failure(connection, 'set', 'key', 'value')).toBe('it has no database of this number');
    expect(await redisCommand(redis.port, 'dbsize')).toBe(0);
  });

  it('is down where nothing listens, fails at once, and comes up by itself', async () => {
    const redis = await startRedis();
    await redis.kill();
    const connection = connect(`redis://127.0.0.1:${redis.port}`);
    await expectDown(connection, /cannot be reached \(ECONNREFUSED\)/);
    expect(await failure(connection, 'get', 'x')).toBe('it is not connected');
    await redis.restart();
    await expectUp(connection);
  });

  it('comes back after a crash, and tells its listeners of each change', async () => {
    const redis = await startRedis();
    const connection = connect(`redis://127.0.0.1:${redis.port}`);
    const seen: RedisHealth['state'][] = [];
    await expectUp(connection);
    const off = connection.onHealth(({ state }) => seen.at(-1) !== state && seen.push(state));
    await redis.kill();
    await expectDown(connection, /./);
    await redis.restart();
    await expectUp(connection);
    expect(seen).toEqual(['down', 'up']);
    off();
  });

  it('does not wait for a server that hangs, and heals when it goes on', async () => {
    const redis = await startRedis();
    const connection = connect(`redis://127.0.0.1:${redis.port}`, { commandMilliseconds: 200 });
    await expectUp(connection);
    redis.pause();
    const hundred = Array.from({ length: 100 }, () => failure(connection, 'get', 'x'));
    const reasons = new Set(await Promise.all(hundred));
    expect([...reasons].filter((reason) => !/answer in time|was lost/.test(reason))).toEqual([]);
    await expectDown(connection, /answer in time/);
    redis.resume();
    await expectUp(connection);
  });

  it('is made anew when the master has become a replica, as its name may lead to another server now', async () => {
    const redis = await startRedis();
    const connection = connect(`redis://127.0.0.1:${redis.port}`);
    await expectUp(connection);
    const before = await connection.run('client', 'id');
    await redisCommand(redis.port, 'replicaof', '127.0.0.1', '1');
    expect(await failure(connection, 'set', 'key', 'value')).toMatch(/is a replica and takes no writes/);
    await eventually(async () => expect(await connection.run('client', 'id')).not.toBe(before));
  });

  it('takes what answers nonsense for down', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const connection = connect(`redis://127.0.0.1:${port}`, { commandMilliseconds: 200 });
    await expectDown(connection, /is no Redis/);
  });

  it('hears a channel, again after a crash of the server', async () => {
    const redis = await startRedis();
    const connection = connect(`redis://127.0.0.1:${redis.port}`);
    const heard: string[] = [];
    let times = 0;
    const stop = connection.subscribe('news', {
      message: (text) => heard.push(text),
      subscribed: () => (times += 1),
    });
    await eventually(() => expect(times).toBe(1));
    await redisCommand(redis.port, 'publish', 'news', 'one');
    await eventually(() => expect(heard).toEqual(['one']));
    await redis.kill();
    await redis.restart();
    await eventually(() => expect(times).toBe(2));
    await redisCommand(redis.port, 'publish', 'news', 'two');
    await eventually(() => expect(heard).toEqual(['one', 'two']));
    stop();
    await eventually(async () => expect(await redisCommand(redis.port, 'publish', 'news', 'three')).toBe(0));
  });
});

describeWithRedis('a connection to Redis over TLS', () => {
  it('checks the certificate of the server and shows its own', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tiergate-tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const files = new CertificateFolder(folder);
    const authority = files.authority('authority');
    const server = files.signed('server', 'redis.internal', authority);
    const client = files.signed('client', 'tiergate', authority);
    const redis = await launchRedis({ binary: redisServer(), tls: { ...server, ca: authority.cert } });
    onTestFinished(() => redis.stop());
    const url = `rediss://127.0.0.1:${redis.tlsPort}`;
    const ours = {
      caFile: authority.cert,
      certFile: client.cert,
      keyFile: client.key,
      serverName: 'redis.internal',
    };

    await expectUp(connect(url, { tls: readRedisTls(ours) }));
    await expectDown(
      connect(url, { tls: readRedisTls({ ...ours, serverName: 'other' }) }),
      /ERR_TLS_CERT_ALTNAME_INVALID/,
    );
    await expectDown(
      connect(url, { tls: readRedisTls({ ...ours, caFile: '' }) }),
      /UNABLE_TO_VERIFY|SELF_SIGNED/,
    );
    const stranger = readRedisTls({ ...ours, certFile: '', keyFile: '' });
    await expectDown(
      connect(url, { tls: stranger }),
      /cannot be reached \(\w*(CERTIFICATE|ECONNRESET)\w*\)|was lost/,
    );
    expect(() => readRedisTls({ ...ours, keyFile: '' })).toThrow(
      /store.cert_file and store.key_file belong together/,
    );
    expect(() => readRedisTls({ ...ours, caFile: join(folder, 'none') })).toThrow(/store.ca_file .*ENOENT/);
  });
});

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { status as codes, credentials } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { ClientStream, connectClient, postHeaders, serve, temporaryDirectory } from './support.ts';

const fixture = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url)));
const tls = { cert: fixture('server.pem'), key: fixture('server.key.pem'), clientCa: undefined };

async function expectServed(address: string, channel = credentials.createInsecure()): Promise<void> {
  const stream = new ClientStream(connectClient(address, channel));
  stream.send(postHeaders);
  await stream.reply(1);
  expect((await stream.end()).code).toBe(codes.OK);
}

describe('TCP', () => {
  it('takes a free port for 0 and says which', async () => {
    const { server } = await serve();
    expect(server.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    await expectServed(server.address);
  });

  it('names a port in use and the remedy', async () => {
    const { server } = await serve();
    await expect(serve(undefined, { address: server.address })).rejects.toThrow(
      `cannot listen on ${server.address}: the address is in use (EADDRINUSE)`,
    );
  });

  it.each(['203.0.113.7:0', '127.0.0.1:99999'])('refuses %s with its name', async (address) => {
    await expect(serve(undefined, { address })).rejects.toThrow(`cannot listen on ${address}: `);
  });
});

describe('a Unix socket', () => {
  it('serves, has the mode asked for, and goes away with the server', async () => {
    const path = join(await temporaryDirectory(), 'ext_proc.sock');
    const { server } = await serve(undefined, { address: `unix:${path}`, socketMode: 0o660 });
    expect(server.address).toBe(`unix:${path}`);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    await expectServed(server.address);
    await server.drain({ graceMs: 0, limitMs: 1_000, onGraceOver: () => undefined });
    expect(existsSync(path)).toBe(false);
  });

  it('takes the place of a socket that a killed process left', async () => {
    const path = join(await temporaryDirectory(), 'ext_proc.sock');
    await leaveStaleSocket(path);
    expect(statSync(path).isSocket()).toBe(true);
    await serve(undefined, { address: `unix:${path}` });
    await expectServed(`unix:${path}`);
  });

  it('leaves a socket alone that somebody listens on', async () => {
    const path = join(await temporaryDirectory(), 'ext_proc.sock');
    await serve(undefined, { address: `unix:${path}` });
    await expect(serve(undefined, { address: `unix:${path}` })).rejects.toThrow(
      `cannot listen on ${path}: another process listens on it`,
    );
    await expectServed(`unix:${path}`);
  });

  it('never removes a file that is no socket', async () => {
    const path = join(await temporaryDirectory(), 'policy.json');
    writeFileSync(path, '{}');
    await expect(serve(undefined, { address: `unix:${path}` })).rejects.toThrow(
      `${path}: it exists and is not a socket`,
    );
    expect(readFileSync(path, 'utf8')).toBe('{}');
  });

  it('names a directory that is missing, or is a file', async () => {
    const directory = await temporaryDirectory();
    await expect(serve(undefined, { address: `unix:${directory}/none/x.sock` })).rejects.toThrow(
      `${directory}/none cannot be used (ENOENT); create the directory`,
    );
    writeFileSync(join(directory, 'file'), '');
    await expect(serve(undefined, { address: `unix:${directory}/file/x.sock` })).rejects.toThrow(
      /file (cannot be used|is not a directory)/,
    );
  });

  it('names a path that is too long', async () => {
    const path = join(await temporaryDirectory(), 'x'.repeat(120));
    await expect(serve(undefined, { address: `unix:${path}` })).rejects.toThrow('longer than 103 bytes');
  });

  it('names a directory that may not be written', async (context) => {
    const directory = join(await temporaryDirectory(), 'closed');
    mkdirSync(directory, { mode: 0o555 });
    chmodSync(dirname(directory), 0o755);
    const said = prepareAsNobody(`${directory}/x.sock`);
    if (said.includes('ERR_MODULE_NOT_FOUND') || said.includes('spawnSync')) {
      return context.skip('another user cannot read the sources here');
    }
    expect(said).toContain(
      `${directory} cannot be used (EACCES); give this user write and search permission`,
    );
  });
});

describe('TLS', () => {
  it('serves clients that trust the certificate, and no plain ones', async () => {
    const { server } = await serve(undefined, { address: 'localhost:0', tls });
    await expectServed(server.address, credentials.createSsl(fixture('ca.pem')));
    const plain = new ClientStream(connectClient(server.address));
    plain.send(postHeaders);
    expect((await plain.ended).code).toBe(codes.UNAVAILABLE);
  });

  it('asks clients for a certificate of the authority where there is one', async () => {
    const clientCa = fixture('ca.pem');
    const { server } = await serve(undefined, { address: 'localhost:0', tls: { ...tls, clientCa } });
    const known = credentials.createSsl(clientCa, fixture('client.key.pem'), fixture('client.pem'));
    await expectServed(server.address, known);
    const unknown = new ClientStream(connectClient(server.address, credentials.createSsl(clientCa)));
    unknown.send(postHeaders);
    expect((await unknown.ended).code).toBe(codes.UNAVAILABLE);
  });

  it('names material that is none', async () => {
    const broken = { ...tls, key: Buffer.from('no key') };
    const unpaired = { ...tls, key: fixture('client.key.pem') };
    await expect(serve(undefined, { tls: unpaired })).rejects.toThrow('the files of tls.grpc cannot be used');
    await expect(serve(undefined, { tls: broken })).rejects.toThrow('the files of tls.grpc cannot be used');
  });
});

/** A process that listens on the path and is killed, so that nothing removes the file. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require('node:net').createServer().listen(process.argv[1], () => console.log('listening'))`;
  const child = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** What a process without rights says of a path; root could write every directory. */
function prepareAsNobody(path: string): string {
  const module = new URL('../../../src/extproc/transport/unix-socket.ts', import.meta.url).href;
  const script = `import(${JSON.stringify(module)}).then((m) => m.prepareSocketPath(process.argv[1])).catch((f) => console.log(f.message, f.code))`;
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const { error, stdout } = spawnSync(process.execPath, ['-e', script, path], { ...user, encoding: 'utf8' });
  return error === undefined ? stdout : String(error);
}

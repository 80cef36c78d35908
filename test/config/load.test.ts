import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Configuration, loadConfiguration } from '../../src/config/load.ts';
import { formatFaults, type PlacedFault } from '../../src/storage/faults.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tiergate-config-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function load(environment: Record<string, string> = {}, text?: string): Configuration {
  const result = attempt(environment, text);
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return result.configuration;
}

function attempt(environment: Record<string, string>, text?: string): ReturnType<typeof loadConfiguration> {
  if (text === undefined) return loadConfiguration({ environment, workingDirectory: directory });
  writeFileSync(join(directory, 'given.yaml'), text);
  return loadConfiguration({ file: 'given.yaml', environment, workingDirectory: directory });
}

function faultsOf(environment: Record<string, string>, text?: string): readonly PlacedFault[] {
  const result = attempt(environment, text);
  return result.ok ? [] : result.faults;
}

describe('loadConfiguration', () => {
  it('needs no file: everything has a default', () => {
    const { settings, file, policyFileNamed } = load();
    expect(file).toBeUndefined();
    expect(policyFileNamed).toBe(false);
    expect(settings).toMatchObject({
      listen: { grpc: { kind: 'tcp', host: '127.0.0.1', port: 50051 }, ops: { port: 9090 } },
      policy: {
        file: join(directory, 'policy.json'),
        cache: '',
        on_unavailable: 'closed',
        enforcement: 'enforce',
      },
      http: { block_status: 403, unknown_paths: 'pass' },
      limits: {
        body: 67108864,
        held_total: { kind: 'percent', percent: 40 },
        drain: 20_000,
        drain_grace: 3_000,
      },
    });
  });

  it('reads an empty document like none', () => {
    expect(load({}, '# nothing\n').settings.http.block_status).toBe(403);
  });

  it('reads JSON too', () => {
    expect(load({}, '{"http": {"block_status": 451}}').settings.http.block_status).toBe(451);
  });

  it('takes tiergate.yaml where no file is named, and TIERGATE_CONFIG before it', () => {
    const place = mkdtempSync(join(directory, 'default-'));
    writeFileSync(join(place, 'tiergate.yaml'), 'http: { block_status: 401 }');
    writeFileSync(join(place, 'other.yaml'), 'http: { block_status: 402 }');
    const status = (environment: Record<string, string>, file?: string): number | undefined => {
      const result = loadConfiguration({ file, environment, workingDirectory: place });
      return result.ok ? result.configuration.settings.http.block_status : undefined;
    };
    expect(status({})).toBe(401);
    expect(status({ TIERGATE_CONFIG: 'other.yaml' })).toBe(402);
    expect(status({ TIERGATE_CONFIG: 'other.yaml' }, 'tiergate.yaml')).toBe(401);
  });

  it.each([
    ['missing.yaml', 'ENOENT'],
    ['.', 'EISDIR'],
  ])('names the file %s that cannot be read', (file, code) => {
    const result = loadConfiguration({ file, environment: {}, workingDirectory: directory });
    expect(result).toMatchObject({ ok: false, faults: [{ file, message: expect.stringContaining(code) }] });
  });

  it('names every fault at once, from top to bottom, then the variables', () => {
    const text = [
      'routes:',
      '  - { name: a, match: {} }',
      '  - { name: a, match: { prefix: / } }',
      'htp: {}',
    ].join('\n');
    const faults = faultsOf(
      { TIERGATE_LOG_LEVEL: 'loud', TIERGATE_LIMITS_BODI: '1' },
      `${text}\nlimits: { body: 1kb }\n`,
    );
    expect(faults.map(({ line, variable, path }) => [line ?? variable, path])).toEqual([
      [2, 'routes[0].match'],
      [3, 'routes[1].name'],
      [4, 'htp'],
      [5, 'limits.body'],
      ['TIERGATE_LOG_LEVEL', 'log.level'],
      ['TIERGATE_LIMITS_BODI', ''],
    ]);
  });

  it('prints a fault on one line: place, path, message, remedy', () => {
    const faults = faultsOf({ TIERGATE_LOG_LEVEL: 'inf' }, 'http:\n  blok_status: 1\n');
    expect(formatFaults(faults)).toBe(
      'given.yaml:2:3 http.blok_status: unknown key "blok_status" — Did you mean "block_status"?\n' +
        'TIERGATE_LOG_LEVEL log.level: must be one of "trace", "debug", "info", "warn", "error", "fatal", "silent" — Did you mean "info"?\n',
    );
  });
});

describe('files in the configuration', () => {
  it('are relative to the file that names them; those of variables to the working directory', () => {
    mkdirSync(join(directory, 'etc'), { recursive: true });
    writeFileSync(
      join(directory, 'etc', 'c.yaml'),
      'policy: { file: p.json }\ntls: { grpc: { cert: /abs/c, key: k } }',
    );
    const result = loadConfiguration({
      file: 'etc/c.yaml',
      environment: { TIERGATE_POLICY_CACHE: 'cache.json' },
      workingDirectory: directory,
    });
    if (!result.ok) throw new Error(formatFaults(result.faults));
    const { policy, tls } = result.configuration.settings;
    expect(policy.file).toBe(join(directory, 'etc', 'p.json'));
    expect(policy.cache).toBe(join(directory, 'cache.json'));
    expect(tls.grpc).toMatchObject({ cert: '/abs/c', key: join(directory, 'etc', 'k'), client_ca: '' });
    expect(result.configuration.policyFileNamed).toBe(true);
  });

  it('knows a policy file that a variable names as named', () => {
    expect(load({ TIERGATE_POLICY_FILE: 'x.json' }).policyFileNamed).toBe(true);
  });
});

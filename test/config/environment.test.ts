import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/config/environment.ts';
import { jsonSchemaOf } from '../../src/config/json-schema.ts';
import { scalarKeys } from '../../src/config/keys.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { configurationSchema, type Settings } from '../../src/config/schema.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tiergate-environment-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const keys = scalarKeys(jsonSchemaOf(configurationSchema));

function load(environment: Record<string, string>, text = ''): ReturnType<typeof loadConfiguration> {
  writeFileSync(join(directory, 'c.yaml'), text);
  return loadConfiguration({ file: 'c.yaml', environment, workingDirectory: directory });
}

function settings(environment: Record<string, string>, text = ''): Settings {
  const result = load(environment, text);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.configuration.settings;
}

describe('environment variables', () => {
  it('have one name for each scalar key, and no two share one', () => {
    const names = keys.map(({ variable }) => variable);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('TIERGATE_HTTP_BLOCK_STATUS');
    expect(names).toContain('TIERGATE_TLS_GRPC_CLIENT_CA');
    expect(names).not.toContain('TIERGATE_ROUTES');
  });

  it('outrank the file, and leave the rest of it', () => {
    const { http } = settings(
      { TIERGATE_HTTP_BLOCK_STATUS: '451' },
      'http: { block_status: 401, unknown_paths: block }',
    );
    expect(http).toEqual({ block_status: 451, unknown_paths: 'block' });
  });

  it('give sizes and numbers as the file does', () => {
    const { limits } = settings({
      TIERGATE_LIMITS_BODY: '1048576',
      TIERGATE_LIMITS_DECODED_BODY: '2MiB',
      TIERGATE_LIMITS_JSON_DEPTH: '9',
    });
    expect(limits).toMatchObject({ body: 1_048_576, decoded_body: 2_097_152, json_depth: 9 });
  });

  it.each([
    [{ TIERGATE_STRICTNESS: 'strict' }, '', 'strict'],
    [
      { TIERGATE_STRICTNESS: 'strict' },
      'strictness: { null_tier: absent }',
      { preset: 'strict', null_tier: 'absent' },
    ],
    [
      { TIERGATE_STRICTNESS_NULL_TIER: 'absent' },
      'strictness: strict',
      { preset: 'strict', null_tier: 'absent' },
    ],
    [
      { TIERGATE_STRICTNESS_NULL_TIER: 'absent', TIERGATE_STRICTNESS: 'strict' },
      '',
      { preset: 'strict', null_tier: 'absent' },
    ],
  ])('set a preset and its lines: %j over %j', (environment, text, expected) => {
    expect(settings(environment, text).strictness).toEqual(expected);
  });

  it('do not hide a section of the file that is none', () => {
    const result = load({ TIERGATE_LISTEN_GRPC: '0.0.0.0:1' }, 'listen: 5');
    expect(result).toMatchObject({
      ok: false,
      faults: [{ path: 'listen', message: 'must be an object, not a number' }],
    });
  });

  it('are refused where no key has them, with the one that was meant', () => {
    const result = load({ TIERGATE_POLICY_FIEL: 'x' });
    expect(result).toMatchObject({
      ok: false,
      faults: [{ variable: 'TIERGATE_POLICY_FIEL', remedy: 'Did you mean TIERGATE_POLICY_FILE?' }],
    });
  });

  it('that Kubernetes sets for a Service of this name are left alone', () => {
    const links = {
      TIERGATE_SERVICE_HOST: '10.0.0.1',
      TIERGATE_SERVICE_PORT: '50051',
      TIERGATE_SERVICE_PORT_GRPC: '50051',
      TIERGATE_PORT: 'tcp://10.0.0.1:50051',
      TIERGATE_PORT_50051_TCP: 'tcp://10.0.0.1:50051',
      TIERGATE_PORT_50051_TCP_PROTO: 'tcp',
      TIERGATE_PORT_50051_TCP_PORT: '50051',
      TIERGATE_PORT_50051_TCP_ADDR: '10.0.0.1',
      TIERGATE_OPS_SERVICE_HOST: '10.0.0.2',
      OTHER: 'x',
    };
    expect(load(links).ok).toBe(true);
    expect(load({ TIERGATE_PORT: '50051' }).ok).toBe(false);
  });

  it('read true and false for a key that takes them', () => {
    const key = { path: ['on'], variable: 'TIERGATE_ON', node: { type: 'boolean' } };
    const valueFor = (text: string): unknown =>
      readEnvironment([key], { TIERGATE_ON: text }).values[0]?.value;
    expect([valueFor('true'), valueFor('false'), valueFor('yes')]).toEqual([true, false, 'yes']);
  });
});

describe('secrets', () => {
  const NAME = 'TIERGATE_TLS_GRPC_KEY_PASSPHRASE';

  it('come from a file, without the newline at its end', () => {
    const file = join(directory, 'secret');
    writeFileSync(file, 'open sesame\n');
    expect(settings({ [`${NAME}_FILE`]: file }).tls.grpc.key_passphrase).toBe('open sesame');
  });

  it.each([
    ['a file that is not there', { [`${NAME}_FILE`]: '/nowhere' }, 'ENOENT'],
    [
      'both at once',
      { [`${NAME}_FILE`]: '/nowhere', [NAME]: 'sesame-value' },
      `is set together with ${NAME}`,
    ],
  ])('are refused with %s', (_, environment, message) => {
    const result = load(environment);
    expect(result).toMatchObject({
      ok: false,
      faults: [
        {
          variable: `${NAME}_FILE`,
          path: 'tls.grpc.key_passphrase',
          message: expect.stringContaining(message),
        },
      ],
    });
    expect(JSON.stringify(result)).not.toContain('sesame-value');
  });

  it('are the only keys with a _FILE variable', () => {
    expect(load({ TIERGATE_LOG_LEVEL_FILE: '/x' }).ok).toBe(false);
  });
});

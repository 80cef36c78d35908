import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { configurationJsonSchema, jsonSchemaOf } from '../../src/config/json-schema.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { keyTable } from '../../src/config/reference.ts';
import { configurationSchema } from '../../src/config/schema.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const HINT =
  'it is generated: run "UPDATE_DOCS=1 npx vitest run test/config/docs.test.ts" and look at the difference';

/** Compares a file with what it should be, or writes it where UPDATE_DOCS says so. */
function hold(name: string, expected: (now: string) => string): void {
  const file = join(ROOT, name);
  const now = readFileSync(file, { encoding: 'utf8', flag: 'a+' });
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, expected(now));
  else expect(now, `${name} is not current; ${HINT}`).toBe(expected(now));
}

describe('what is generated from the schema', () => {
  it('docs/tiergate.schema.json is current', () => {
    hold('docs/tiergate.schema.json', configurationJsonSchema);
  });

  it('the table of docs/configuration.md is current', () => {
    hold('docs/configuration.md', (now) => {
      const [before, rest = ''] = now.split(/(?<=<!-- keys: [^\n]*-->\n)/);
      const after = rest.slice(rest.indexOf('<!-- /keys -->'));
      return `${before}${keyTable()}${after}`;
    });
  });

  it('every key is described', () => {
    const rows = keyTable().trim().split('\n').slice(2);
    expect(rows.length).toBeGreaterThan(50);
    for (const row of rows) expect(row).toMatch(/^\| `[^`]+` \|.*\S \|$/);
    const { properties } = jsonSchemaOf(configurationSchema);
    for (const section of Object.keys(properties ?? {})) expect(rows.join('\n')).toContain(`| \`${section}`);
  });
});

describe('the example tiergate.yaml', () => {
  it('says what an empty file says', () => {
    const example = loadConfiguration({ file: 'tiergate.yaml', environment: {}, workingDirectory: ROOT });
    expect(example.ok && example.configuration.settings).toEqual({
      ...configurationSchema.parse({}),
      policy: { ...configurationSchema.parse({}).policy, file: join(ROOT, 'policy.json') },
    });
    expect(example.ok && example.configuration.policyFileNamed).toBe(false);
  });

  it('is valid with what it has in comments', () => {
    const text = readFileSync(join(ROOT, 'tiergate.yaml'), 'utf8')
      .replace('routes: []\n', 'routes:\n')
      .replace(/^# (tls:\n(?:# {3}.*\n)+)/m, (_, block: string) => block.replaceAll(/^# /gm, ''))
      .replaceAll(/^#( {2}(?:-| ).*)$/gm, '$1')
      .replace('  # file: policy.json', '  file: policy.json');
    const directory = mkdtempSync(join(tmpdir(), 'tiergate-example-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, 'c.yaml'), text);
    const result = loadConfiguration({ file: 'c.yaml', environment: {}, workingDirectory: directory });
    expect(result.ok ? [] : result.faults).toEqual([]);
    expect(result.ok && result.configuration.settings.routes.map(({ name }) => name)).toEqual([
      'research',
      'internal',
    ]);
    expect(result.ok && result.configuration.settings.tls.grpc.client_ca).toBe('/etc/tiergate/ca.crt');
    expect(result.ok && result.configuration.policyFileNamed).toBe(true);
  });
});

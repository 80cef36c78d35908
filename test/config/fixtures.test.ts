import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfiguration } from '../../src/config/load.ts';
import { formatFault } from '../../src/storage/faults.ts';

const DIRECTORY = join(import.meta.dirname, 'fixtures');

/** Each fixture is wrong in one way and says behind the document what is to be said of it. */
function expectations(file: string): readonly string[] {
  return readFileSync(join(DIRECTORY, file), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('# expect: '))
    .map((line) => line.slice('# expect: '.length));
}

describe('a configuration that is wrong in one way', () => {
  it.each(readdirSync(DIRECTORY))('%s', (name) => {
    const result = loadConfiguration({ file: name, environment: {}, workingDirectory: DIRECTORY });
    if (result.ok) throw new Error('the configuration was accepted');
    expect(result.faults).toHaveLength(1);
    const [fault] = result.faults;
    expect(fault).toMatchObject({ file: name, line: expect.any(Number), column: expect.any(Number) });
    const text = result.faults.map(formatFault).join('\n');
    const expected = expectations(name);
    expect(expected).not.toHaveLength(0);
    for (const part of expected) expect(text).toContain(part);
    expect(fault?.remedy).not.toBe('');
  });
});

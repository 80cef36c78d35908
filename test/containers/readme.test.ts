import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TIERGATE_IMAGE } from './support/build-image.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** What the README calls the image, and what this suite calls it. */
const NAME = "'tiergate'";

describe('the test that the README shows', () => {
  let folder = '';
  let exported: Readonly<Record<string, { readonly default?: string }>> = {};

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tiergate-readme-'));
    const text = await readFile(join(ROOT, 'package.json'), 'utf8');
    exported = (JSON.parse(text) as { exports: typeof exported }).exports;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The source of an entry of the package: `tiergate/testkit` is `dist/testkit/index.js`, built from `src/testkit/index.ts`. */
  function sourceOf(entry: string): string {
    const built = exported[`.${entry}`]?.default;
    if (built === undefined) throw new Error(`the package exports no ${entry}`);
    return join(ROOT, built.replace(/^\.\/dist\//, 'src/').replace(/\.js$/, '.ts'));
  }

  it('runs as it stands there, and ends by itself', async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    const block = /^```ts\n([\s\S]*?)^```$/m.exec(readme)?.[1] ?? '';
    expect(block).toContain('TiergateContainer');
    expect(block).toContain(NAME);
    const script = join(folder, 'example.ts');
    const code = block
      .replaceAll(/'tiergate(\/\w+)'/g, (_, entry: string) => `'${sourceOf(entry)}'`)
      .replaceAll(NAME, `'${TIERGATE_IMAGE}'`);
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(script, code);
    // It asserts by itself: a result other than 0 is an error here.
    await promisify(execFile)(process.execPath, [script], { timeout: 60_000 });
  });
});

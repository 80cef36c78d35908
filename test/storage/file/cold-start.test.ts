import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../../src/policy/defaults.ts';
import { DETAILS, policyOf, saved } from '../policy-store-contract.ts';
import { openStore, temporaryDirectory, writeJson } from './directory.ts';

describe('a cold start', () => {
  it('with a valid file that nobody saved through Tiergate: revision 1', async () => {
    const file = writeJson(join(temporaryDirectory(), 'policy.json'), policyOf('one'));
    const store = await openStore({ file });
    expect(store.status()).toMatchObject({ source: 'stored', revision: 1, faults: [] });
    expect(store.snapshot()).toMatchObject({ author: 'file', document: policyOf('one') });
  });

  it('with YAML', async () => {
    const file = join(temporaryDirectory(), 'policy.yaml');
    writeFileSync(file, 'rules:\n  - { name: one, service_tier: priority, action: block, scope: all }\n');
    expect((await openStore({ file })).snapshot()?.document).toEqual(policyOf('one'));
  });

  it.each([
    ['closed', { source: 'none', revision: 0 }, undefined],
    ['open', { source: 'reported', revision: 0 }, 'report'],
    ['default', { source: 'built_in', revision: 0 }, undefined],
  ] as const)('without the named file and on_unavailable: %s', async (onUnavailable, status, enforcement) => {
    const file = join(temporaryDirectory(), 'policy.json');
    const store = await openStore({ file, onUnavailable });
    expect(store.status()).toMatchObject(status);
    expect(store.status().faults).toEqual([
      { file, path: '', message: 'there is no such file', remedy: expect.stringContaining('policy.file') },
    ]);
    expect(store.snapshot()?.document).toEqual(onUnavailable === 'closed' ? undefined : DEFAULT_POLICY);
    expect(store.current() === undefined).toBe(onUnavailable === 'closed');
    expect(store.current()?.enforcement).toBe(enforcement);
    // A save repairs it.
    expect(saved(await store.save(policyOf('one'), 0, DETAILS))).toBe(1);
    expect(store.status()).toMatchObject({ source: 'stored', faults: [] });
    expect(store.current()?.enforcement).toBeUndefined();
  });

  it.each([
    ['a syntax error', '{\n  "rules": [\n    oops: \n', { line: 3 }],
    [
      'an invalid rule',
      '{"rules": [\n  {"action": "blok", "scope": "all"}]}',
      { line: 2, column: 4, path: 'rules[0].action' },
    ],
    ['two documents', '{"rules": []}\n---\n{"rules": []}\n', { line: 2 }],
    ['nothing in it', '', { line: 1, column: 1 }],
    ['an unknown member', '{"rules": [],\n "rulez": 1}', { line: 2, column: 2, path: 'rulez' }],
  ])('with %s in the file: closed, and its place', async (_, text, place) => {
    const file = join(temporaryDirectory(), 'policy.json');
    writeFileSync(file, text);
    const store = await openStore({ file });
    expect(store.status().source).toBe('none');
    expect(store.status().faults[0]).toMatchObject({
      file,
      ...place,
      message: expect.not.stringMatching(/^line/),
    });
  });

  it('with bytes that are not UTF-8, a directory, and a part of the path that is a file', async () => {
    const directory = temporaryDirectory();
    const messages: string[] = [];
    writeFileSync(join(directory, 'latin1.json'), Buffer.from([0x7b, 0xe4, 0x7d]));
    mkdirSync(join(directory, 'folder.json'));
    for (const name of ['latin1.json', 'folder.json', join('latin1.json', 'p.json')]) {
      const store = await openStore({ file: join(directory, name) });
      expect(store.status().source).toBe('none');
      messages.push(store.status().faults[0]?.message ?? '');
    }
    expect(messages).toEqual(['is not UTF-8', 'is a directory, not a file', 'cannot be read (ENOTDIR)']);
  });
});

describe('policy.cache', () => {
  it('is what a cold start takes where the file cannot be read, with its revision', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'policy.json');
    const cache = join(directory, 'cache', 'policy.json');
    mkdirSync(join(directory, 'cache'));
    const first = await openStore({ file, cache, named: false });
    saved(await first.save(policyOf('one'), 0, DETAILS));
    saved(await first.save(policyOf('two'), 1, DETAILS));
    writeFileSync(file, 'half a pol');
    const second = await openStore({ file, cache });
    expect(second.status()).toMatchObject({ source: 'cache', revision: 2 });
    expect(second.status().faults).not.toHaveLength(0);
    expect(second.snapshot()).toEqual(first.snapshot());
    expect(second.current()?.enforcement).toBeUndefined();
  });

  it('keeps the count where no history can be written beside the file', async () => {
    const directory = temporaryDirectory();
    const file = writeJson(join(directory, 'policy.json'), policyOf('one'));
    const cache = join(directory, 'cache.json');
    mkdirSync(`${file}.history.jsonl`);
    expect((await openStore({ file, cache })).status().revision).toBe(1);
    writeJson(file, policyOf('two'));
    expect((await openStore({ file, cache })).status().revision).toBe(2);
    expect((await openStore({ file, cache })).status().revision).toBe(2);
  });

  it.each([
    ['torn', '{"epoch":1,'],
    [
      'of an invalid policy',
      JSON.stringify({ epoch: 1, revision: 5, savedAt: '', author: '', note: '', document: { rules: [{}] } }),
    ],
  ])('is left alone where it is %s', async (_, text) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'cache.json'), text);
    const store = await openStore({
      file: join(directory, 'policy.json'),
      cache: join(directory, 'cache.json'),
    });
    expect(store.status().source).toBe('none');
  });

  it('that cannot be written is a problem and changes nothing', async () => {
    const directory = temporaryDirectory();
    const file = writeJson(join(directory, 'policy.json'), policyOf('one'));
    const store = await openStore({ file, cache: join(directory, 'none', 'cache.json') });
    expect(store.status()).toMatchObject({
      source: 'stored',
      problems: [expect.stringMatching(/policy.cache .*ENOENT/)],
    });
  });
});

describe('a policy file that was there before and is gone', () => {
  it('is a fault even where nobody named it', async () => {
    const file = join(temporaryDirectory(), 'policy.json');
    const first = await openStore({ file, named: false });
    saved(await first.save(policyOf('one'), 0, DETAILS));
    rmSync(file);
    const second = await openStore({ file, named: false });
    expect(second.status()).toMatchObject({ source: 'none', faults: [{ message: 'there is no such file' }] });
    expect(readFileSync(`${file}.history.jsonl`, 'utf8')).toContain('alice');
  });
});

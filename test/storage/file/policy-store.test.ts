import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DETAILS, policyOf, policyStoreContract, saved } from '../policy-store-contract.ts';
import { openStore, temporaryDirectory, writeJson } from './directory.ts';

policyStoreContract('file', () =>
  openStore({ file: join(temporaryDirectory(), 'policy.json'), named: false }),
);

describe('the policy file after a save', () => {
  it('holds the whole document as JSON that a person can read, and nothing else is left beside the history', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'policy.json');
    const store = await openStore({ file, named: false });
    saved(await store.save(policyOf('one'), 0, DETAILS));
    expect(readFileSync(file, 'utf8')).toBe(`${JSON.stringify(policyOf('one'), undefined, 2)}\n`);
    expect(readdirSync(directory).sort()).toEqual(['policy.json', 'policy.json.history.jsonl']);
  });

  it('is found again by the next process with its revision, author and history', async () => {
    const file = join(temporaryDirectory(), 'policy.json');
    const first = await openStore({ file, named: false });
    saved(await first.save(policyOf('one'), 0, DETAILS));
    saved(await first.save(policyOf('two'), 1, DETAILS));
    const second = await openStore({ file });
    expect(second.snapshot()).toEqual(first.snapshot());
    expect(await second.history(10)).toEqual(await first.history(10));
  });

  it('is refused from a revision that another process has passed', async () => {
    const file = writeJson(join(temporaryDirectory(), 'policy.json'), policyOf('start'));
    const first = await openStore({ file });
    const second = await openStore({ file });
    const revision = second.snapshot()?.revision ?? 0;
    expect(saved(await first.save(policyOf('first'), revision, DETAILS))).toBe(revision + 1);
    expect(await second.save(policyOf('second'), revision, DETAILS)).toMatchObject({
      reason: 'conflict',
      revision: revision + 1,
    });
    expect(second.snapshot()).toMatchObject({ author: 'alice', document: policyOf('first') });
  });

  it('counts on from a change that was made by hand', async () => {
    const file = join(temporaryDirectory(), 'policy.json');
    const first = await openStore({ file, named: false });
    saved(await first.save(policyOf('one'), 0, DETAILS));
    writeJson(file, policyOf('by hand'));
    const second = await openStore({ file });
    expect(second.snapshot()).toMatchObject({ revision: 2, author: 'file', document: policyOf('by hand') });
    expect(saved(await second.save(policyOf('three'), 2, DETAILS))).toBe(3);
  });

  it('survives a history line that a crash has torn', async () => {
    const file = join(temporaryDirectory(), 'policy.json');
    const first = await openStore({ file, named: false });
    saved(await first.save(policyOf('one'), 0, DETAILS));
    appendFileSync(`${file}.history.jsonl`, '{"epoch":1,"revision":2,"docum');
    const second = await openStore({ file });
    expect(saved(await second.save(policyOf('two'), 1, DETAILS))).toBe(2);
    const third = await openStore({ file });
    expect((await third.history(10)).map(({ revision, author }) => [revision, author])).toEqual([
      [2, 'alice'],
      [1, 'alice'],
    ]);
  });

  it('shortens the history when it has grown, and keeps counting', async () => {
    const file = join(temporaryDirectory(), 'policy.json');
    const store = await openStore({ file, named: false });
    saved(await store.save(policyOf('rule 1'), 0, DETAILS));
    const line = readFileSync(`${file}.history.jsonl`, 'utf8');
    const entry = JSON.parse(line);
    const lines = Array.from({ length: 198 }, (_, index) =>
      JSON.stringify({ ...entry, revision: index + 2 }),
    );
    appendFileSync(`${file}.history.jsonl`, `${lines.join('\n')}\n`);
    const next = await openStore({ file });
    expect(saved(await next.save(policyOf('rule 200'), 199, DETAILS))).toBe(200);
    expect(saved(await next.save(policyOf('rule 201'), 200, DETAILS))).toBe(201);
    const kept = await next.history(1000);
    expect(kept).toHaveLength(100);
    expect(kept[0]).toMatchObject({ revision: 201, document: policyOf('rule 201') });
  });

  it('takes over a lock that a process left behind when it died', async () => {
    const file = join(temporaryDirectory(), 'policy.json');
    writeFileSync(`${file}.lock`, '1\n');
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(`${file}.lock`, longAgo, longAgo);
    const store = await openStore({ file, named: false });
    expect(saved(await store.save(policyOf('one'), 0, DETAILS))).toBe(1);
    expect(existsSync(`${file}.lock`)).toBe(false);
  });

  it('stands behind a symbolic link, which stays', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'real'));
    writeJson(join(directory, 'real', 'p.json'), policyOf('one'));
    symlinkSync(join('real', 'p.json'), join(directory, 'policy.json'));
    const store = await openStore({ file: join(directory, 'policy.json') });
    saved(await store.save(policyOf('two'), 1, DETAILS));
    expect(JSON.parse(readFileSync(join(directory, 'real', 'p.json'), 'utf8'))).toEqual(policyOf('two'));
    expect(JSON.parse(readFileSync(join(directory, 'policy.json'), 'utf8'))).toEqual(policyOf('two'));
  });
});

describe('a policy file that cannot be saved', () => {
  it('says so before one edits, and refuses: a ConfigMap', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, '..2024_01_01'));
    writeJson(join(directory, '..2024_01_01', 'policy.json'), policyOf('one'));
    symlinkSync('..2024_01_01', join(directory, '..data'));
    symlinkSync(join('..data', 'policy.json'), join(directory, 'policy.json'));
    const store = await openStore({ file: join(directory, 'policy.json') });
    expect(store.status().readOnly).toMatch(/mounted from a ConfigMap: change the ConfigMap/);
    const result = await store.save(policyOf('two'), store.status().revision, DETAILS);
    expect(result).toMatchObject({
      ok: false,
      reason: 'read_only',
      message: expect.stringContaining('ConfigMap'),
    });
    expect(store.snapshot()?.document).toEqual(policyOf('one'));
  });

  it('says so, and refuses: a directory that does not exist', async () => {
    const store = await openStore({ file: join(temporaryDirectory(), 'none', 'policy.json'), named: false });
    expect(await store.save(policyOf('one'), 0, DETAILS)).toMatchObject({
      reason: 'read_only',
      message: expect.stringContaining('its directory does not exist'),
    });
  });

  it('leaves the old file where the history cannot be written', async () => {
    const file = writeJson(join(temporaryDirectory(), 'policy.json'), policyOf('one'));
    mkdirSync(`${file}.history.jsonl`);
    const store = await openStore({ file });
    expect(store.status().problems.join()).toMatch(/history beside policy.file cannot be used/);
    expect(store.snapshot()).toMatchObject({ revision: 1, document: policyOf('one') });
    expect(await store.save(policyOf('two'), 1, DETAILS)).toMatchObject({ ok: false, reason: 'read_only' });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(policyOf('one'));
    expect(readdirSync(join(file, '..')).sort()).toEqual(['policy.json', 'policy.json.history.jsonl']);
  });
});

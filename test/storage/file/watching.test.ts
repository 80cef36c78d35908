import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { PolicyStore } from '../../../src/storage/policy-store.ts';
import { DETAILS, policyOf, saved } from '../policy-store-contract.ts';
import { openStore, temporaryDirectory, writeJson } from './directory.ts';

const POLL_MILLISECONDS = 50;

function watching(file: string, pollMilliseconds = POLL_MILLISECONDS): Promise<PolicyStore> {
  return openStore({ file, pollMilliseconds });
}

/** Waits until the rule with this name is the one in force. */
async function expectInForce(store: PolicyStore, name: string): Promise<void> {
  await vi.waitFor(
    () => {
      expect(store.current()?.policy.rules.map((rule) => rule.name)).toEqual([name]);
      expect(store.status()).toMatchObject({ source: 'stored', faults: [] });
    },
    { timeout: 10_000, interval: 10 },
  );
}

async function expectFault(store: PolicyStore, message: RegExp): Promise<void> {
  await vi.waitFor(() => expect(store.status().faults[0]?.message).toMatch(message), {
    timeout: 10_000,
    interval: 10,
  });
}

async function started(): Promise<{ file: string; directory: string; store: PolicyStore }> {
  const directory = temporaryDirectory();
  const file = writeJson(join(directory, 'policy.json'), policyOf('one'));
  return { file, directory, store: await watching(file) };
}

describe('a watched policy file', () => {
  it('is reloaded when it is written in place', async () => {
    const { file, store } = await started();
    writeJson(file, policyOf('two'));
    await expectInForce(store, 'two');
    expect(store.snapshot()).toMatchObject({ revision: 2, author: 'file' });
  });

  it('is reloaded by the event of the file system alone', async () => {
    const file = writeJson(join(temporaryDirectory(), 'policy.json'), policyOf('one'));
    const store = await watching(file, 3_600_000);
    writeJson(file, policyOf('two'));
    await expectInForce(store, 'two');
  });

  it('is reloaded when an editor puts a new file in its place', async () => {
    const { file, directory, store } = await started();
    renameSync(file, `${file}~`);
    renameSync(writeJson(join(directory, '.policy.swp'), policyOf('two')), file);
    await expectInForce(store, 'two');
  });

  it('is reloaded when a ConfigMap changes: the link ..data is swapped', async () => {
    const directory = temporaryDirectory();
    const version = (name: string): void => {
      mkdirSync(join(directory, `..${name}`));
      writeJson(join(directory, `..${name}`, 'policy.json'), policyOf(name));
      symlinkSync(`..${name}`, join(directory, '..data_tmp'));
      renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
    };
    version('one');
    symlinkSync(join('..data', 'policy.json'), join(directory, 'policy.json'));
    const store = await watching(join(directory, 'policy.json'));
    version('two');
    rmSync(join(directory, '..one'), { recursive: true });
    await expectInForce(store, 'two');
  });

  it('is reloaded when what a link leads to changes in another directory', async () => {
    const directory = temporaryDirectory();
    const target = writeJson(join(temporaryDirectory(), 'p.json'), policyOf('one'));
    symlinkSync(target, join(directory, 'policy.json'));
    const store = await watching(join(directory, 'policy.json'));
    writeJson(target, policyOf('two'));
    await expectInForce(store, 'two');
  });

  it('keeps the last good revision while a bad one stands there, and says where it is bad', async () => {
    const { file, store } = await started();
    const view = store.current();
    writeFileSync(file, '{"rules": [\n  {"action": "blok", "scope": "all"}]}');
    await expectFault(store, /"blok"/);
    expect(store.status().faults[0]).toMatchObject({ file, line: 2, column: 4, path: 'rules[0].action' });
    expect(store.status()).toMatchObject({ source: 'stored', revision: 1 });
    expect(store.current()).toBe(view);
    writeJson(file, policyOf('two'));
    await expectInForce(store, 'two');
    expect(store.snapshot()?.revision).toBe(2);
  });

  it('keeps the last good revision when the file is half-written, deleted or replaced by a directory', async () => {
    const { file, store } = await started();
    truncateSync(file, 20);
    await expectFault(store, /./);
    unlinkSync(file);
    await expectFault(store, /there is no such file/);
    mkdirSync(file);
    await expectFault(store, /is a directory/);
    expect(store.status().readOnly).toMatch(/is a directory/);
    expect(store.current()?.policy.rules.map((rule) => rule.name)).toEqual(['one']);
    rmSync(file, { recursive: true });
    writeJson(file, policyOf('two'));
    await expectInForce(store, 'two');
  });

  it('makes no revision of a file that is put back or only laid out anew', async () => {
    const { file, store } = await started();
    writeFileSync(file, 'oops');
    await expectFault(store, /./);
    writeFileSync(file, JSON.stringify(policyOf('one'), undefined, 8));
    await expectInForce(store, 'one');
    expect(store.snapshot()?.revision).toBe(1);
  });

  it('comes into force when it appears after a start without it', async () => {
    const file = join(temporaryDirectory(), 'later', 'policy.json');
    const store = await watching(file);
    expect(store.current()).toBeUndefined();
    mkdirSync(join(file, '..'));
    writeJson(file, policyOf('one'));
    await expectInForce(store, 'one');
  });

  it('shows a save of another process with its author', async () => {
    const { file, store } = await started();
    const other = await openStore({ file });
    saved(await other.save(policyOf('two'), 1, DETAILS));
    await expectInForce(store, 'two');
    expect(store.snapshot()).toEqual(other.snapshot());
    expect((await store.history(10)).map(({ author }) => author)).toEqual(['alice', 'file']);
  });

  it('is left alone after close', async () => {
    const { file, store } = await started();
    await store.close();
    writeJson(file, policyOf('two'));
    const other = await openStore({ file });
    expect(other.status().revision).toBe(2);
    expect(store.status().revision).toBe(1);
  });
});

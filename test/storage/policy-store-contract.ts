import { describe, expect, it, onTestFinished } from 'vitest';
import { DEFAULT_POLICY } from '../../src/policy/defaults.ts';
import type { PolicyStore, SaveResult } from '../../src/storage/policy-store.ts';

/** A valid policy with one rule, told from others by its name. */
export function policyOf(name: string): { rules: Record<string, unknown>[] } {
  return { rules: [{ name, service_tier: 'priority', action: 'block', scope: 'all' }] };
}

/** Who saves in the tests. */
export const DETAILS = { author: 'alice', note: 'because' };

/** The revision that a save gave. @throws where it was refused */
export function saved(result: SaveResult): number {
  if (!result.ok) throw new Error(JSON.stringify(result));
  return result.snapshot.revision;
}

/**
 * What every policy store does, run against each of them.
 *
 * @param open a store that holds nothing yet and knows the scope `team-a`
 */
export function policyStoreContract(name: string, open: () => Promise<PolicyStore>): void {
  async function opened(): Promise<PolicyStore> {
    const store = await open();
    onTestFinished(() => store.close());
    return store;
  }

  describe(`a policy store: ${name}`, () => {
    it('has the built-in policy in force until something is stored', async () => {
      const store = await opened();
      expect(store.snapshot()).toMatchObject({ epoch: 0, revision: 0, document: DEFAULT_POLICY });
      expect(store.current()).toMatchObject({ revision: 0, enforcement: undefined });
      expect(store.current()?.policy.rules).toHaveLength(2);
      expect(store.status()).toMatchObject({
        source: 'built_in',
        revision: 0,
        faults: [],
        problems: [],
        readOnly: undefined,
      });
      expect(await store.history(10)).toEqual([]);
    });

    it('puts a save in force at once, with a number that grows by one', async () => {
      const store = await opened();
      const before = Date.now();
      expect(saved(await store.save(policyOf('one'), 0, DETAILS))).toBe(1);
      expect(saved(await store.save(policyOf('two'), 1, DETAILS))).toBe(2);
      expect(store.current()?.revision).toBe(2);
      expect(store.current()?.policy.rules.map((rule) => rule.name)).toEqual(['two']);
      expect(store.snapshot()).toMatchObject({ revision: 2, document: policyOf('two'), ...DETAILS });
      expect(Date.parse(store.snapshot()?.savedAt ?? '')).toBeGreaterThanOrEqual(before - 1);
      expect(store.status()).toMatchObject({ source: 'stored', revision: 2 });
    });

    it('stores the normal form, and answers with it and with the warnings of the linter', async () => {
      const store = await opened();
      const document = {
        rules: [{ service_tier: ' FAST ', action: 'filter', scope: 'team-a', error_message: 'x' }],
      };
      const result = await store.save(document, 0, DETAILS);
      expect(result).toMatchObject({
        ok: true,
        snapshot: { document: { rules: [{ service_tier: 'priority' }] } },
      });
      expect(result.ok && result.lint.map(({ code }) => code)).toContain('unused_error_message');
      expect(store.status().lint).not.toHaveLength(0);
    });

    it('refuses a save from another revision than the one in force, and changes nothing', async () => {
      const store = await opened();
      saved(await store.save(policyOf('one'), 0, DETAILS));
      expect(await store.save(policyOf('late'), 0, DETAILS)).toEqual({
        ok: false,
        reason: 'conflict',
        revision: 1,
      });
      expect(store.snapshot()?.document).toEqual(policyOf('one'));
    });

    it('lets one of several saves from the same revision win', async () => {
      const store = await opened();
      const names = ['a', 'b', 'c', 'd'];
      const results = await Promise.all(names.map((rule) => store.save(policyOf(rule), 0, DETAILS)));
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      expect(await store.history(10)).toHaveLength(1);
    });

    it('refuses a policy with faults, all of them by path, and changes nothing', async () => {
      const store = await opened();
      const result = await store.save({ rules: [{ action: 'blok', scope: 'nowhere' }], x: 1 }, 0, DETAILS);
      expect(result).toMatchObject({ ok: false, reason: 'invalid' });
      const paths = result.ok || result.reason !== 'invalid' ? [] : result.faults.map(({ path }) => path);
      expect(paths).toEqual(expect.arrayContaining(['x', 'rules[0].action', 'rules[0].scope']));
      expect(store.status().source).toBe('built_in');
    });

    it('makes no revision of a save that changes nothing', async () => {
      const store = await opened();
      saved(await store.save(policyOf('one'), 0, DETAILS));
      expect(saved(await store.save(policyOf('one'), 1, { author: 'bob', note: '' }))).toBe(1);
      expect(store.snapshot()?.author).toBe('alice');
      expect(await store.history(10)).toHaveLength(1);
    });

    it('stores the built-in policy when it is saved, so that it has a revision', async () => {
      const store = await opened();
      expect(saved(await store.save(DEFAULT_POLICY, 0, DETAILS))).toBe(1);
      expect(store.status().source).toBe('stored');
    });

    it('keeps at least the last 50 revisions, newest first, and never counts back', async () => {
      const store = await opened();
      for (let revision = 0; revision < 60; revision += 1) {
        saved(await store.save(policyOf(`rule ${revision}`), revision, DETAILS));
      }
      const revisions = await store.history(50);
      expect(revisions.map(({ revision }) => revision)).toEqual(
        Array.from({ length: 50 }, (_, index) => 60 - index),
      );
      expect(new Set(revisions.map(({ epoch }) => epoch)).size).toBe(1);
      expect(await store.history(2)).toHaveLength(2);
    });

    it('rolls back to an earlier document with a new revision', async () => {
      const store = await opened();
      saved(await store.save(policyOf('one'), 0, DETAILS));
      saved(await store.save(policyOf('two'), 1, DETAILS));
      expect(saved(await store.rollback(1, 2, { author: 'bob', note: 'back' }))).toBe(3);
      expect(store.snapshot()).toMatchObject({
        revision: 3,
        document: policyOf('one'),
        author: 'bob',
        note: 'back',
      });
      expect((await store.history(10)).map(({ revision }) => revision)).toEqual([3, 2, 1]);
    });

    it('refuses a rollback from another revision or to an unknown one', async () => {
      const store = await opened();
      saved(await store.save(policyOf('one'), 0, DETAILS));
      saved(await store.save(policyOf('two'), 1, DETAILS));
      expect(await store.rollback(1, 1, DETAILS)).toMatchObject({
        ok: false,
        reason: 'conflict',
        revision: 2,
      });
      expect(await store.rollback(9, 2, DETAILS)).toEqual({
        ok: false,
        reason: 'unknown_revision',
        message: 'there is no revision 9; kept are 1 to 2',
      });
    });

    it('tells its listeners of each change until they are taken off', async () => {
      const store = await opened();
      const seen: (number | undefined)[] = [];
      const off = store.onChange(() => seen.push(store.current()?.revision));
      saved(await store.save(policyOf('one'), 0, DETAILS));
      saved(await store.save(policyOf('two'), 1, DETAILS));
      off();
      saved(await store.save(policyOf('three'), 2, DETAILS));
      expect(seen).toEqual([1, 2]);
    });
  });
}

import { openFilePolicyStore } from '../storage/file/policy-store.ts';
import { openMemoryPolicyStore } from '../storage/memory/policy-store.ts';
import type { PolicyStore } from '../storage/policy-store.ts';
import type { Configuration } from './load.ts';

/**
 * Opens the policy store that the configuration names.
 *
 * @param pollMilliseconds between looks at the policy file; undefined reads it once
 */
export async function openConfiguredStore(
  { settings, policyFileNamed }: Configuration,
  pollMilliseconds: number | undefined,
): Promise<PolicyStore> {
  const { scopes, policy } = settings;
  if (policy.file === '') return openMemoryPolicyStore({ scopes });
  return openFilePolicyStore({
    file: policy.file,
    named: policyFileNamed,
    cache: policy.cache,
    onUnavailable: policy.on_unavailable,
    scopes,
    pollMilliseconds,
  });
}

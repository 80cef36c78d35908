import { openMemoryPolicyStore } from '../../../src/storage/memory/policy-store.ts';
import { policyStoreContract } from '../policy-store-contract.ts';

policyStoreContract('memory', async () => openMemoryPolicyStore({ scopes: ['team-a'] }));

import { DEFAULT_ENVOY_VERSION, ENVOY_VERSIONS } from '../../../tools/envoy/versions.ts';
import { testTier } from './tier.ts';

/**
 * The releases of Envoy on which what is the same on all of them is tried: every one in the full tier, the newest in the
 * short one. The smoke test always runs on all.
 */
export const VERSIONS: readonly string[] = testTier() === 'full' ? ENVOY_VERSIONS : [DEFAULT_ENVOY_VERSION];

import { DEFAULT_ENVOY_VERSION, ENVOY_VERSIONS } from '../../../tools/envoy/versions.ts';

const choice = process.env['TEST_ENVOYS'] ?? 'newest';
if (choice !== 'all' && choice !== 'newest') throw new Error('TEST_ENVOYS must be "all" or "newest"');

/**
 * The releases of Envoy on which what is the same on all of them is tried. `npm test` takes the newest, to stay short;
 * `TEST_ENVOYS=all`, which CI and `npm run test:full` set, takes every one. The smoke test always runs on all.
 */
export const VERSIONS: readonly string[] = choice === 'all' ? ENVOY_VERSIONS : [DEFAULT_ENVOY_VERSION];

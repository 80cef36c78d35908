import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { testTier } from './test/e2e/support/tier.ts';

const reports = process.env['TEST_REPORTS'];
const isFull = testTier() === 'full';

/** What takes long or measures, and so needs the machine for itself: the full tier only. */
const LONG = [
  'held-total',
  'limits',
  'reset-limit',
  'rolling-restart',
  'sessions-redis',
  'testkit-behaviours',
  'ws-codex',
  'ws-many',
  'ws-sdk',
].map((name) => `test/e2e/${name}.test.ts`);

if (!isFull) process.stderr.write(`short tier, without ${LONG.join(', ')}: TEST_TIER=full takes all\n`);

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    exclude: isFull ? [] : LONG,
    // Each file starts processes of its own, and some measure: in the full tier one after the other.
    fileParallelism: !isFull,
    maxWorkers: isFull ? 1 : 2,
    testTimeout: 60_000,
    // The first run fetches Envoy.
    hookTimeout: 300_000,
    reporters: reports === undefined ? ['default'] : ['default', 'json'],
    ...(reports === undefined
      ? {}
      : {
          outputFile: {
            json: join(reports, process.env['TEST_MAIN'] === undefined ? 'e2e.json' : 'built.json'),
          },
        }),
  },
});

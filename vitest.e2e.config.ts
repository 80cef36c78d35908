import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const reports = process.env['TEST_REPORTS'];

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    // Each file starts processes of its own and some measure; side by side they would only slow each other.
    fileParallelism: false,
    maxWorkers: 1,
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

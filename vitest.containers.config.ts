import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const reports = process.env['TEST_REPORTS'];

export default defineConfig({
  test: {
    include: ['test/containers/**/*.test.ts'],
    // Builds the image once, for all files.
    globalSetup: ['test/containers/support/build-image.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 60_000,
    // An ordinary engine pulls images first.
    hookTimeout: 300_000,
    reporters: reports === undefined ? ['default'] : ['default', 'json'],
    ...(reports === undefined ? {} : { outputFile: { json: join(reports, 'containers.json') } }),
  },
});

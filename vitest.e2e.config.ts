import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    // Each file starts processes of its own and some measure; side by side they would only slow each other.
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 60_000,
    // The first run fetches Envoy.
    hookTimeout: 300_000,
  },
});

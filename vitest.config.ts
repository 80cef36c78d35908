import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/faults/**', 'test/containers/**', 'test/browser/**'],
    // Two cores is the smallest machine that runs this suite; more workers only add noise there.
    maxWorkers: 2,
    testTimeout: 20_000,
  },
});

import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const reports = process.env['TEST_REPORTS'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/faults/**', 'test/containers/**', 'test/browser/**'],
    // Two cores is the smallest machine that runs this suite; more workers only add noise there.
    maxWorkers: 2,
    testTimeout: 20_000,
    reporters: reports === undefined ? ['default'] : ['default', 'json'],
    ...(reports === undefined ? {} : { outputFile: { json: join(reports, 'unit.json') } }),
    coverage: {
      enabled: process.env['TEST_COVERAGE'] !== undefined,
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/gen/**', 'src/**/types.ts'],
      reporter: ['text-summary', 'html'],
      thresholds: {
        'src/json/**': { lines: 95, branches: 95 },
        'src/policy/**': { lines: 95, branches: 95 },
        'src/dialects/**': { lines: 95, branches: 95 },
        'src/websocket/**': { lines: 95, branches: 95 },
        'src/exchange/**': { lines: 95, branches: 95 },
      },
    },
  },
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/telemetry/metrics.ts';

describe('metrics', () => {
  it('are listed in docs/metrics.md with their labels, all of them and no others', async () => {
    const metrics = await createMetrics(false).registry.getMetricsAsJSON();
    const registered = metrics.map((metric) => metric.name).sort();
    const documented = [...readFileSync('docs/metrics.md', 'utf8').matchAll(/^\| `(tiergate_\w+)`/gm)].map(
      (row) => row[1],
    );
    expect(documented.sort()).toEqual(registered);
  });
});

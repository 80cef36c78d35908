import { describe, expect, it } from 'vitest';
import { recordSocket } from '../../src/decisions/socket-record.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

describe('recordSocket', () => {
  it('tells the log of begin and capture at debug, and of the end at info, and counts', async () => {
    const lines: string[] = [];
    const { logger } = createLogger('debug', { write: (line) => void lines.push(line) });
    const metrics = createMetrics(false);
    const base = { id: 'a1', route: 'default', dialect: 'openai-responses' };
    recordSocket(
      { kind: 'opened', ...base, requestId: undefined, scope: undefined, user: undefined },
      logger,
      metrics,
    );
    recordSocket({ kind: 'captured', id: 'a1', model: 'gpt-5.5' }, logger, metrics);
    expect(await metrics.registry.metrics()).toContain('tiergate_sockets_open 1');
    const end = { end: 'refused', code: 'policy_violation', told: true, turns: 2, durationMs: 5 } as const;
    recordSocket({ kind: 'closed', ...base, ...end, capturedModel: 'gpt-5.5' }, logger, metrics);
    recordSocket(
      {
        kind: 'closed',
        ...base,
        ...end,
        end: 'lost',
        code: undefined,
        told: undefined,
        capturedModel: undefined,
      },
      logger,
      metrics,
    );
    const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(parsed.map(({ msg, socket }) => [msg, socket])).toEqual([
      ['socket opened', 'a1'],
      ['socket captured a model', 'a1'],
      ['socket closed', 'a1'],
      ['socket closed', 'a1'],
    ]);
    expect(parsed[1]).toMatchObject({ captured_model: 'gpt-5.5' });
    expect(parsed[2]).toMatchObject({ end: 'refused', code: 'policy_violation', told: true, turns: 2 });
    const text = await metrics.registry.metrics();
    expect(text).toContain(
      'tiergate_sockets_closed_total{end="refused",code="policy_violation",told="true"} 1',
    );
    expect(text).toContain('tiergate_sockets_closed_total{end="lost",code="none",told="none"} 1');
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMPATIBLE, STRICT } from '../../src/policy/strictness.ts';
import { SocketBench } from '../exchange/socket/bench.ts';
import { frame, readFrames } from '../exchange/socket/frames.ts';
import { environmentOf, policyOf, routeOf } from '../exchange/support/environment.ts';

/** One message of a client, and what is expected behind it. */
interface Step {
  readonly send: string;
  readonly action?: string;
  /** What reaches the provider, or `same`. */
  readonly output: string;
  readonly captured_model?: string;
  readonly billing_tier?: string | null;
}

interface SessionCase {
  readonly id: string;
  readonly kind: string;
  readonly policy: { readonly rules: readonly Record<string, unknown>[] };
  readonly steps: readonly Step[];
  readonly strict?: { readonly steps: readonly Step[] };
}

const PRESETS = { compatible: COMPATIBLE, strict: STRICT } as const;

function casesOf(kind: string, count: number): readonly SessionCase[] {
  const text = readFileSync(new URL('./seed.json', import.meta.url), 'utf8');
  const { cases } = JSON.parse(text) as { readonly cases: readonly SessionCase[] };
  const found = cases.filter((one) => one.kind === kind);
  if (found.length !== count) throw new Error(`${found.length} cases of ${kind}, not ${count}`);
  return found;
}

describe.each(['compatible', 'strict'] as const)('sessions under %s', (preset) => {
  it.each([...casesOf('session', 6), ...casesOf('billing', 3)])('$kind $id', (vector) => {
    const defaults = routeOf({ strictness: PRESETS[preset], strictnessName: preset });
    const bench = new SocketBench({
      environment: environmentOf({ defaults }, { policy: policyOf(vector.policy.rules) }),
    });
    const steps = preset === 'strict' ? (vector.strict?.steps ?? vector.steps) : vector.steps;
    for (const step of steps) {
      bench.clientSends(frame(step.send));
      const [arrived, ...more] = readFrames(bench.takeUpstream());
      expect(more).toEqual([]);
      const turn = bench.decisions.at(-1);
      if (step.action === 'block') {
        expect(turn?.action).toBe('block');
        expect(arrived?.payload.includes('service_tier')).toBe(false);
      } else expect(arrived?.payload.toString()).toBe(step.output === 'same' ? step.send : step.output);
      const captured = bench.notes.findLast((note) => note.kind === 'captured')?.model ?? '';
      if (step.captured_model !== undefined) expect(captured).toBe(step.captured_model);
      // What a turn is billed by is the tier that its decision says was sent; a blocked turn has none.
      const billed = bench.decisions.findLast(({ action }) => action !== 'block' && action !== 'refuse');
      if (step.billing_tier !== undefined) expect(billed?.tier_sent ?? null).toBe(step.billing_tier);
    }
  });
});

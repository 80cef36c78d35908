import fc from 'fast-check';
import { expect, test } from 'vitest';
import { environmentOf } from '../support/environment.ts';
import { SocketBench } from './bench.ts';
import { CUTS, cut, framesOf, MODE, SHAPE } from './conversations.ts';
import { turn } from './dialogue.ts';
import { closeFrame, serverFrame } from './frames.ts';

const LINES = [
  ['authorization', 'Bearer sk-one'],
  ['session_id', 'a'],
] as const;

test('whenever the answer to a look-up comes, the same bytes go on and the same is decided', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('priority', 'flex', 'ultrafast', undefined), SHAPE), {
        maxLength: 4,
      }),
      CUTS,
      MODE,
      MODE,
      fc.nat(8),
      fc.constantFrom('found', 'none', 'failed', 'late'),
      (turns, cuts, request, response, when, kind) => {
        const bytes = turns.flatMap(([service_tier, shape]) =>
          framesOf(turn({ service_tier }), shape, 'client').map((one) => one.bytes),
        );
        const chunks = cut(Buffer.concat([...bytes, closeFrame(1000)]), cuts);
        const run = (at: number) => {
          const environment = environmentOf({ sessions: { headers: ['session_id'] } });
          const bench = new SocketBench({ environment, request, response, lines: LINES });
          const answer = () =>
            bench.event({
              kind: 'looked_up',
              result: kind === 'found' ? { kind, model: 'gpt-allowed-1' } : { kind },
            });
          chunks.forEach((chunk, index) => {
            if (index === at) answer();
            bench.clientSends(chunk);
          });
          if (at >= chunks.length) answer();
          bench.providerSends(serverFrame('hello'));
          bench.end();
          expect(environment.held.held).toBe(0);
          const decided = bench.decisions.map(({ action, model_asked }) => [action, model_asked]);
          return { decided, upstream: bench.upstream, client: bench.client };
        };
        expect(run(when)).toEqual(run(0));
      },
    ),
    { numRuns: 200 },
  );
});

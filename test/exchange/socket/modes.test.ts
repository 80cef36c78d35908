import { describe, expect, it } from 'vitest';
import type { BodyMode } from '../../../src/exchange/events.ts';
import { SocketBench } from './bench.ts';
import { ALLOWED, BLOCKED, FILTERED } from './dialogue.ts';
import { frame, readFrames, serverFrame } from './frames.ts';

const MODES: readonly BodyMode[] = [
  'NONE',
  'STREAMED',
  'BUFFERED',
  'BUFFERED_PARTIAL',
  'FULL_DUPLEX_STREAMED',
  'GRPC',
];
const WORKING: ReadonlySet<BodyMode> = new Set(['STREAMED', 'FULL_DUPLEX_STREAMED']);
const PAIRS = MODES.flatMap((request) => MODES.map((response) => ({ request, response })));
const works = (pair: (typeof PAIRS)[number]) => WORKING.has(pair.request) && WORKING.has(pair.response);

describe.each(['SEND', 'SKIP'] as const)('headers %s', (headers) => {
  it.each(PAIRS.filter(works))('request $request, response $response is judged', (modes) => {
    const bench = new SocketBench({ headers, ...modes });
    bench.clientSends(frame(ALLOWED));
    bench.providerSends(serverFrame('{"type":"response.created"}'));
    bench.clientSends(frame(FILTERED));
    bench.clientSends(frame(BLOCKED));
    expect(bench.misconfigured).toBeUndefined();
    expect(bench.decisions.map(({ action }) => action)).toEqual(['pass', 'filter', 'block']);
    const texts = readFrames(bench.upstream).filter(({ opcode }) => opcode === 1);
    expect(texts.map(({ payload }) => payload.toString())).toEqual([
      ALLOWED,
      FILTERED.replace(',"service_tier":"priority"', ''),
    ]);
  });

  it.each(PAIRS.filter((pair) => !works(pair)))(
    'request $request, response $response is called misconfigured',
    (modes) => {
      for (const path of ['/v1/responses', '/v1/other']) {
        const bench = new SocketBench({ headers, path, ...modes, status: null });
        bench.clientSends(frame(BLOCKED));
        const wrong = WORKING.has(modes.request) ? 'response' : 'request';
        expect(bench.misconfigured).toContain(`processing_mode.${wrong}_body_mode is ${modes[wrong]}`);
        expect(bench.misconfigured).toContain('upgrade_configs[].filters');
        expect(bench.replies).toEqual([]);
        bench.end();
        expect(bench.decisions).toEqual([]);
      }
    },
  );

  it('an Envoy that only observes is called misconfigured', () => {
    const bench = new SocketBench({ headers, protocolConfig: false, status: null });
    bench.clientSends(frame(BLOCKED));
    expect(bench.misconfigured).toContain('observability_mode');
    expect(bench.replies).toEqual([]);
  });
});

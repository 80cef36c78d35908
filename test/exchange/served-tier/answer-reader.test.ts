import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { dialectTable } from '../../../src/dialects/table.ts';
import type { ServedTier } from '../../../src/dialects/types.ts';
import { createAnswerReader } from '../../../src/exchange/served-tier/answer-reader.ts';
import { SAMPLES } from './answers.ts';
import { everyCut, writeCut } from './cut.ts';

function servedOf(dialect: string): ServedTier {
  const served = dialectTable.byName(dialect)?.served;
  if (served === undefined) throw new Error(`${dialect} serves no tier`);
  return served;
}

/** Memory of buffers is given back beside the program, at the latest before the next collection. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
}

const lines = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers).map(([name, value]) => ({ name, value }));

function readerOf(dialect: string, headers: Readonly<Record<string, string>>, words = {}) {
  return createAnswerReader(lines({ ':status': '200', ...headers }), servedOf(dialect), words);
}

describe('the tier served', () => {
  test.each(SAMPLES.map((sample) => [sample.dialect, sample.type, sample.name, sample] as const))(
    '%s %s: %s',
    (dialect, type, _, { text, tier }) => {
      const bytes = Buffer.from(text);
      for (const cuts of everyCut(bytes.length)) {
        const reader = readerOf(dialect, { 'content-type': type });
        writeCut(bytes, cuts, (piece) => reader?.write(piece));
        expect(reader?.tier()).toBe(tier);
      }
    },
  );

  test('every dialect has samples of both kinds', () => {
    for (const name of ['openai-responses', 'openai-chat', 'anthropic-messages']) {
      const types = SAMPLES.filter(({ dialect, tier }) => dialect === name && tier).map(({ type }) => type);
      expect(new Set(types)).toEqual(new Set(['application/json', 'text/event-stream']));
    }
  });

  test('words of the route outrank those of the dialect', () => {
    const words = { performance: 'priority', default: 'flex' } as const;
    for (const [word, tier] of [
      ['performance', 'priority'],
      [' Default ', 'flex'],
      ['scale', 'scale'],
    ]) {
      const reader = readerOf('openai-chat', {}, words);
      reader?.write(Buffer.from(JSON.stringify({ service_tier: word })));
      expect(reader?.tier()).toBe(tier);
    }
  });

  test.each([
    ['text/event-stream; charset=utf-8', true],
    ['Text/Event-Stream', true],
    ['text/event-streams', false],
    ['application/json; x=text/event-stream', false],
    ['', false],
  ])('content type %j', (type, isStream) => {
    const reader = readerOf('openai-chat', { 'content-type': type });
    reader?.write(Buffer.from('data: {"service_tier":"flex"}\n\n'));
    expect(reader?.tier()).toBe(isStream ? 'flex' : undefined);
  });

  test.each([
    [{ ':status': '200' }, true],
    [{ ':status': '201', 'content-encoding': 'identity' }, true],
    [{ ':status': '200', 'content-encoding': 'gzip' }, false],
    [{ ':status': '200', 'content-encoding': 'br, gzip' }, false],
    [{ ':status': '200', 'content-encoding': 'unheard-of' }, false],
    [{ ':status': '101' }, false],
    [{ ':status': '400' }, false],
    [{ ':status': '2000' }, false],
    [{}, false],
  ])('headers %j', (headers, isRead) => {
    expect(createAnswerReader(lines(headers), servedOf('openai-chat'), {}) !== undefined).toBe(isRead);
  });

  test('an answer of megabytes in one event is read and not kept', () => {
    const reader = readerOf('openai-responses', { 'content-type': 'text/event-stream' });
    const piece = Buffer.from('"x\\"service_tier\\":\\"ultrafast",'.repeat(2000));
    reader?.write(Buffer.from('data: {"response":{"output":['));
    collectGarbage();
    const before = process.memoryUsage();
    // Each piece has memory of its own, as those of Envoy have.
    for (let count = 0; count < 60; count++) reader?.write(Buffer.from(piece));
    collectGarbage();
    const after = process.memoryUsage();
    reader?.write(Buffer.from('1],"service_tier":"flex"},"type":"response.completed"}\n\n'));
    expect(reader?.tier()).toBe('flex');
    expect(piece.length * 60).toBeGreaterThan(3_400_000);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(1_000_000);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(1_000_000);
  });
});

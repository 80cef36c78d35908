import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventStreamReader } from '../../../src/exchange/served-tier/event-stream.ts';
import { everyCut, writeCut } from './cut.ts';

interface Heard {
  readonly type: string;
  readonly data: string;
}

function hear(stream: string | Buffer, cuts: readonly number[] = []): readonly Heard[] {
  const heard: Heard[] = [];
  let data: Buffer[] = [];
  const reader = new EventStreamReader({
    data: (bytes, start, end) => data.push(Buffer.from(bytes.subarray(start, end))),
    event: (type) => {
      heard.push({ type, data: Buffer.concat(data).toString() });
      data = [];
    },
  });
  writeCut(Buffer.from(stream as string), cuts, (piece) => reader.write(piece));
  return heard;
}

/** The same by collecting lines, as the HTML Standard words it. */
function hearLines(stream: string): readonly Heard[] {
  const heard: Heard[] = [];
  let type = '';
  let data: string[] = [];
  const lines = stream.split(/\r\n|\r|\n/);
  for (const line of lines.slice(0, -1)) {
    if (line === '') {
      if (data.length > 0) heard.push({ type, data: data.join('\n') });
      type = '';
      data = [];
      continue;
    }
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'event') type = value;
    if (name === 'data') data.push(value);
  }
  return heard;
}

describe('server-sent events', () => {
  test.each([
    ['data: {"a":1}\n\n', [{ type: '', data: '{"a":1}' }]],
    ['event: x\r\ndata:one\r\ndata:  two\r\n\r\n', [{ type: 'x', data: 'one\n two' }]],
    [
      'event:x\rdata: one\r\rdata: two\r\r',
      [
        { type: 'x', data: 'one' },
        { type: '', data: 'two' },
      ],
    ],
    [': comment\nid: 1\nretry: 2\ndatum: x\ndatax: y\n: data: z\ndata: a:b\n\n', [{ type: '', data: 'a:b' }]],
    ['event: x\n\ndata: y\n\n', [{ type: '', data: 'y' }]],
    ['event: x\nevent\ndata: y\n\n', [{ type: '', data: 'y' }]],
    ['event: x\nevent:\ndata: y\n\n', [{ type: '', data: 'y' }]],
    ['data\ndata: y\ndata:\n\n', [{ type: '', data: '\ny\n' }]],
    ['\n\n\ndata: y\n\n\n', [{ type: '', data: 'y' }]],
    ['data: y\n', []],
    ['data: y', []],
    [`event: ${'x'.repeat(128)}\ndata: y\n\n`, [{ type: 'x'.repeat(128), data: 'y' }]],
    [`event: ${'x'.repeat(129)}\ndata: y\n\n`, [{ type: '', data: 'y' }]],
    [`${'x'.repeat(100_000)}: z\ndata: y\n\n`, [{ type: '', data: 'y' }]],
  ])('%j', (stream, events) => {
    const bytes = Buffer.from(stream);
    const cuts = bytes.length > 1000 ? [[], [3, 4, 90_000]] : everyCut(bytes.length);
    for (const cut of cuts) expect(hear(bytes, cut)).toEqual(events);
  });

  test('are those of a reader that collects lines, wherever the stream is cut', () => {
    const part = fc.constantFrom(
      'data',
      'event',
      'id',
      ':',
      ': ',
      ' ',
      '\n',
      '\r',
      '\r\n',
      '\n\n',
      '{"a":1}',
      'é',
      'x',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), fc.array(fc.nat(), { maxLength: 6 }), (parts, seeds) => {
        const stream = parts.join('');
        // The type is read one character a byte: providers' types are ASCII.
        fc.pre(!/event: ?[^\r\n]*é/.test(stream));
        const bytes = Buffer.from(stream);
        const cuts = seeds.map((seed) => seed % (bytes.length + 1)).sort((left, right) => left - right);
        expect(hear(bytes, cuts)).toEqual(hearLines(stream));
      }),
      { numRuns: 1000 },
    );
  });
});

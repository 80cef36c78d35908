import { describe, expect, test } from 'vitest';
import { asBuffer } from '../../../src/exchange/bytes.ts';
import { BodyCollector } from '../../../src/exchange/http/body-collector.ts';

describe('a collected body', () => {
  test.each([
    ['many small chunks', 5000, () => 1],
    ['small and large chunks', 40, (index: number) => (index % 3 === 0 ? 2000 : 7)],
    ['as many small chunks as are put together', 1024, () => 3],
  ])('%s stand in the order in which they came', (_, count, size) => {
    const chunks = Array.from({ length: count }, (_, index) => Buffer.alloc(size(index), index));
    const collector = new BodyCollector();
    for (const chunk of chunks) collector.add(chunk, false);
    expect(Buffer.concat(chunks).equals(collector.take())).toBe(true);
    expect(collector.take()).toHaveLength(0);
  });

  test.each([10, 10_000])('one chunk of %i bytes is that very chunk', (size) => {
    const collector = new BodyCollector();
    const chunk = new Uint8Array(size);
    collector.add(new Uint8Array(0), false);
    collector.add(chunk, true);
    expect(collector.take()).toBe(chunk);
  });

  test.each([1, 900, 16 * 1024, 100 * 1024])('a view of %i bytes keeps nothing else alive', (size) => {
    const collector = new BodyCollector();
    const held = new Set<ArrayBufferLike>();
    const views = Array.from({ length: 50 }, (_, index) =>
      new Uint8Array(512 * 1024).fill(index, 7, 7 + size),
    );
    for (const view of views) {
      collector.add(view.subarray(7, 7 + size), false);
      held.add(view.buffer);
      view.fill(255);
    }
    const body = collector.take();
    expect(held.has(body.buffer)).toBe(false);
    const expected = Buffer.concat(views.map((_, index) => Buffer.alloc(size, index)));
    expect(expected.equals(body)).toBe(true);
  });

  test('large chunks with memory of their own are not copied', () => {
    const chunk = new Uint8Array(2000);
    const collector = new BodyCollector();
    collector.add(chunk, false);
    expect(collector.take()).toBe(chunk);
  });

  test('is empty again once it was taken', () => {
    const collector = new BodyCollector();
    for (const text of ['ab', 'c']) {
      collector.add(Buffer.from(text), false);
      expect(Buffer.from(collector.take()).toString()).toBe(text);
    }
  });

  test('the same memory is seen as a Buffer', () => {
    const bytes = new Uint8Array([0, 1, 2, 3]).subarray(1, 3);
    const buffer = asBuffer(bytes);
    expect([...buffer]).toEqual([1, 2]);
    bytes[0] = 9;
    expect(buffer[0]).toBe(9);
    expect(asBuffer(buffer)).toBe(buffer);
  });
});

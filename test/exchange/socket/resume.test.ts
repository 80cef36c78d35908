import { describe, expect, it } from 'vitest';
import { BLOCKED, turn } from './dialogue.ts';
import { frame } from './frames.ts';
import { ASK, actions, asks, found, lookedUp, socketOf } from './named.ts';

describe.each([true, false])('what is found (strict: %s)', (strict) => {
  it('is the model of turns that name none, from the first decision on', () => {
    const bench = socketOf({ strict });
    lookedUp(bench, found('known'));
    bench.clientSends(ASK);
    bench.clientSends(ASK);
    expect(bench.decisions).toMatchObject([
      { model_asked: 'known', captured_model: 'known' },
      { model_asked: 'known', captured_model: 'known' },
    ]);
    // Nothing new was captured.
    expect(bench.notes.map(({ kind }) => kind)).toEqual(['opened', 'looked_up']);
  });

  it('lasts until the socket states a model itself, in whichever turn', () => {
    const bench = socketOf({ strict });
    lookedUp(bench, found('secret'));
    bench.clientSends(asks('gpt-5'));
    bench.clientSends(ASK);
    expect(actions(bench)).toEqual([
      ['pass', 'gpt-5'],
      ['pass', 'gpt-5'],
    ]);
    const later = socketOf({ strict });
    lookedUp(later, found('one'));
    for (const bytes of [ASK, asks('two'), ASK]) later.clientSends(bytes);
    expect(actions(later).map(([, model]) => model)).toEqual(['one', 'two', 'two']);
  });

  it('is then as any other captured model', () => {
    const bench = socketOf({ strict });
    lookedUp(bench, found('one'));
    for (const bytes of [asks('two'), asks('three'), ASK]) bench.clientSends(bytes);
    expect(actions(bench).at(-1)).toEqual(['pass', strict ? 'three' : 'two']);
  });

  it('lasts until a session.update states one', () => {
    const bench = socketOf({ strict });
    lookedUp(bench, found('secret'));
    bench.clientSends(frame('{"type":"session.update","session":{"model":"gpt-5"}}'));
    bench.clientSends(ASK);
    expect(actions(bench)).toEqual([['pass', 'gpt-5']]);
  });

  it('is not replaced by a message that is refused', () => {
    const bench = socketOf({ strict });
    lookedUp(bench, found('known'));
    bench.clientSends(frame(BLOCKED));
    bench.end();
    expect(bench.notes.at(-1)).toMatchObject({ kind: 'closed', capturedModel: 'known' });
  });
});

describe('nothing is found', () => {
  it('the socket is as any other', () => {
    const bench = socketOf();
    lookedUp(bench, { kind: 'none' });
    for (const bytes of [ASK, asks('gpt-5'), ASK]) bench.clientSends(bytes);
    expect(actions(bench)).toEqual([
      ['pass', ''],
      ['pass', 'gpt-5'],
      ['pass', ''],
    ]);
  });
});

describe.each(['failed', 'late'] as const)('the look-up is %s', (kind) => {
  it('a turn that names no model is judged strictly, whatever the preset', () => {
    const bench = socketOf({ path: '/v1/responses?model=gpt-5' });
    lookedUp(bench, { kind });
    bench.clientSends(ASK);
    expect(actions(bench)).toEqual([['block', '']]);
  });

  it('one that asks no tier passes', () => {
    const bench = socketOf();
    lookedUp(bench, { kind });
    bench.clientSends(frame(turn()));
    expect(bench.upstream).toEqual(frame(turn()));
  });

  it('a model that the socket states ends it, in whichever turn', () => {
    const bench = socketOf();
    lookedUp(bench, { kind });
    for (const bytes of [frame(turn()), asks('gpt-5'), ASK]) bench.clientSends(bytes);
    expect(actions(bench)).toEqual([
      ['pass', ''],
      ['pass', 'gpt-5'],
      ['pass', 'gpt-5'],
    ]);
    expect(bench.notes.at(-1)).toMatchObject({ kind: 'captured', model: 'gpt-5' });
  });

  it('an answer that comes after it changes nothing', () => {
    const bench = socketOf();
    lookedUp(bench, { kind });
    lookedUp(bench, found('known'));
    bench.clientSends(ASK);
    expect(actions(bench)).toEqual([['block', '']]);
  });
});

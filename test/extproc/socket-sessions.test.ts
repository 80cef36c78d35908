import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { LookUpResult, NamedSession, SocketNote } from '../../src/exchange/events.ts';
import { SocketSessions } from '../../src/extproc/socket-sessions.ts';
import { openMemorySessionStore } from '../../src/storage/memory/session-store.ts';
import type { ResumedState, SessionStore } from '../../src/storage/session-store.ts';

const SESSION: NamedSession = { credential: 'authorization: Bearer sk-one', name: 'the name' };
const ids = { route: 'default', dialect: 'openai-responses' };

/** A store that answers look-ups when the test says so, and tells what it was asked. */
class FakeStore {
  readonly asked: (readonly string[])[] = [];
  readonly remembered: [string, ResumedState][] = [];
  answer: (state: ResumedState | undefined) => void = () => {};
  fail: () => void = () => {};
  readonly store: SessionStore = {
    ...openMemorySessionStore({ node: 'here', ttlMilliseconds: 1, now: () => 0 }),
    put: () => {},
    touch: () => {},
    delete: () => {},
    resume: (keys) => {
      this.asked.push(keys);
      return new Promise((resolve, reject) => {
        this.answer = resolve;
        this.fail = () => reject(new Error('gone'));
      });
    },
    remember: (key, state) => this.remembered.push([key, state]),
  };
}

class Bench {
  readonly fake = new FakeStore();
  readonly results: LookUpResult[] = [];
  readonly timers: { ms: number; run: () => void; cancelled: boolean }[] = [];
  time = 1_000;
  readonly sessions: SocketSessions;

  constructor(store?: SessionStore, keys = ['key']) {
    this.sessions = new SocketSessions({
      store: store ?? this.fake.store,
      hashKeys: keys.map((key) => Buffer.from(key)),
      refreshMilliseconds: 100,
      wallClock: () => this.time,
      startTimer: (ms, run) => {
        const timer = { ms, run, cancelled: false };
        this.timers.push(timer);
        return () => {
          timer.cancelled = true;
        };
      },
    });
  }

  open(id: string, session: NamedSession | undefined = SESSION): this {
    const facts = { requestId: undefined, scope: 'team-a', user: 'u' };
    this.sessions.note({ kind: 'opened', id, ...ids, ...facts });
    if (session !== undefined) this.sessions.lookUp(id, session, 70, (result) => this.results.push(result));
    return this;
  }

  close(id: string): void {
    const end = {
      end: 'lost',
      code: undefined,
      told: undefined,
      turns: 0,
      capturedModel: undefined,
    } as const;
    this.sessions.note({ kind: 'closed', id, ...ids, ...end, durationMs: 1 });
  }

  note(note: SocketNote): void {
    this.sessions.note(note);
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const hmac = (key: string, text: string): string =>
  createHmac('sha256', key).update(text, 'latin1').digest('hex');
const KEY = hmac('key', 'authorization: Bearer sk-one\0the name');

describe('a look-up', () => {
  it('asks by the keyed hash of credential and name, under each key', () => {
    const bench = new Bench(undefined, ['new', 'old']);
    bench.open('a');
    const text = `${SESSION.credential}\0${SESSION.name}`;
    expect(bench.fake.asked).toEqual([[hmac('new', text), hmac('old', text)]]);
    expect(bench.timers).toMatchObject([{ ms: 70, cancelled: false }]);
  });

  it.each([
    ['found', { model: 'm', time: 5 }, { kind: 'found', model: 'm' }],
    ['none', undefined, { kind: 'none' }],
    ['failed where the model was too long to be kept', { model: '', time: 5 }, { kind: 'failed' }],
  ])('answers once: %s', async (_, state, result) => {
    const bench = new Bench().open('a');
    expect(bench.results).toEqual([]);
    bench.fake.answer(state);
    await settle();
    expect(bench.results).toEqual([result]);
    expect(bench.timers[0]?.cancelled).toBe(true);
    bench.timers[0]?.run();
    expect(bench.results).toHaveLength(1);
  });

  it('has failed where the store cannot answer', async () => {
    const bench = new Bench().open('a');
    bench.fake.fail();
    await settle();
    expect(bench.results).toEqual([{ kind: 'failed' }]);
  });

  it.each(['answer', 'fail'] as const)(
    'is late when its time is over, whatever comes then: %s',
    async (what) => {
      const bench = new Bench().open('a');
      bench.timers[0]?.run();
      bench.fake[what]({ model: 'm', time: 5 });
      await settle();
      expect(bench.results).toEqual([{ kind: 'late' }]);
      bench.close('a');
      expect(bench.fake.remembered).toEqual([]);
    },
  );
});

describe('a named session', () => {
  const captured = (id: string, model: string): SocketNote => ({ kind: 'captured', id, model });

  it('is written with each model that its socket captures, under the first key', () => {
    const bench = new Bench(undefined, ['key', 'old']).open('a');
    bench.note(captured('a', 'one'));
    bench.time = 1_005;
    bench.note(captured('a', 'two'));
    expect(bench.fake.remembered).toEqual([
      [KEY, { model: 'one', time: 1_000 }],
      [KEY, { model: 'two', time: 1_005 }],
    ]);
  });

  it('is written again with its turns and its end, so that it lasts; with the time of its capture', async () => {
    const bench = new Bench().open('a');
    bench.fake.answer({ model: 'm', time: 5 });
    await settle();
    bench.note({ kind: 'looked_up', id: 'a', result: { kind: 'found', model: 'm' } });
    bench.time = 1_099;
    bench.note({ kind: 'turn', id: 'a', turns: 1 });
    expect(bench.fake.remembered).toEqual([]);
    bench.time = 1_100;
    bench.note({ kind: 'turn', id: 'a', turns: 2 });
    bench.note({ kind: 'turn', id: 'a', turns: 3 });
    bench.close('a');
    expect(bench.fake.remembered).toEqual([
      [KEY, { model: 'm', time: 5 }],
      [KEY, { model: 'm', time: 5 }],
    ]);
  });

  it('is not written for a socket that names none, or is over', () => {
    const bench = new Bench();
    bench.sessions.note({ kind: 'opened', id: 'a', ...ids, requestId: '', scope: '', user: '' });
    bench.note(captured('a', 'one'));
    bench.open('b');
    bench.close('b');
    bench.note(captured('b', 'one'));
    expect(bench.fake.remembered).toEqual([]);
  });

  it.each([
    ['another credential', { ...SESSION, credential: 'authorization: Bearer sk-two' }],
    ['another name', { ...SESSION, name: 'the Name' }],
    [
      'the border between them moved',
      { credential: SESSION.credential.slice(0, -1), name: `e${SESSION.name}` },
    ],
  ])('is neither read nor changed with %s', async (_, session) => {
    const store = openMemorySessionStore({ node: 'here', ttlMilliseconds: 60_000, now: () => 0 });
    const bench = new Bench(store).open('owner');
    await settle();
    bench.note(captured('owner', 'mine'));
    bench.time += 10;
    bench.open('other', session);
    await settle();
    bench.note(captured('other', 'poison'));
    bench.open('again');
    await settle();
    expect(bench.results).toEqual([{ kind: 'none' }, { kind: 'none' }, { kind: 'found', model: 'mine' }]);
  });

  it('outlives the rotation of the key: before, between and after', async () => {
    const store = openMemorySessionStore({ node: 'here', ttlMilliseconds: 60_000, now: () => 0 });
    const results: LookUpResult[] = [];
    for (const keys of [['old'], ['old', 'new'], ['new', 'old'], ['new']]) {
      const bench = new Bench(store, keys).open('a');
      await settle();
      results.push(...bench.results);
      bench.time += results.length;
      bench.note(captured('a', keys.join()));
    }
    expect(results).toEqual([
      { kind: 'none' },
      { kind: 'found', model: 'old' },
      { kind: 'found', model: 'old,new' },
      { kind: 'found', model: 'new,old' },
    ]);
  });
});

describe('an open socket', () => {
  it('is listed with what its notes tell, until it is over', async () => {
    const store = openMemorySessionStore({ node: 'here', ttlMilliseconds: 60_000, now: () => 0 });
    const bench = new Bench(store).open('a');
    await settle();
    const list = async () => (await store.list(10)).sessions;
    const opened = { id: 'a', node: 'here', ...ids, requestId: undefined, scope: 'team-a', user: 'u' };
    expect(await list()).toEqual([
      { ...opened, model: undefined, turns: 0, openedAt: 1_000, changedAt: 1_000 },
    ]);
    bench.time = 1_001;
    bench.note({ kind: 'looked_up', id: 'a', result: { kind: 'found', model: 'found' } });
    expect(await list()).toMatchObject([{ model: 'found', changedAt: 1_001 }]);
    bench.note({ kind: 'captured', id: 'a', model: `${'m'.repeat(127)}😀` });
    bench.time = 1_002;
    bench.note({ kind: 'turn', id: 'a', turns: 7 });
    expect(await list()).toMatchObject([{ model: 'm'.repeat(127), turns: 7, changedAt: 1_002 }]);
    bench.close('a');
    expect(await list()).toEqual([]);
  });
});

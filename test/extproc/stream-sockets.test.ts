import { describe, expect, it } from 'vitest';
import type { Effect, SocketNote } from '../../src/exchange/events.ts';
import { createRandomSource } from '../../src/extproc/random-source.ts';
import { openStream } from '../../src/extproc/stream.ts';
import { Bench, blocked, body, headers, modes, protocol, request, type Script } from './support.ts';

const ID = '0123456789abcdef0123456789abcdef';
const OPENED: SocketNote = {
  kind: 'opened',
  id: ID,
  requestId: 'envoy-1',
  route: 'default',
  dialect: 'openai-responses',
  scope: undefined,
  user: undefined,
};
const CLOSED: SocketNote = {
  kind: 'closed',
  id: ID,
  route: 'default',
  dialect: 'openai-responses',
  end: 'lost',
  code: undefined,
  told: undefined,
  turns: 0,
  capturedModel: undefined,
  durationMs: 1,
};

/** A scripted socket: tells of its begin and end, and does what the test says with every other event. */
function socket(on: Partial<Record<string, readonly Effect[]>>): Script {
  return (event) => {
    if (event.kind === 'headers') {
      return [
        { kind: 'socket', note: OPENED },
        { kind: 'reply', reply: { kind: 'headers', direction: event.direction } },
        ...(on['headers'] ?? []),
      ];
    }
    if (event.kind === 'ended') return [{ kind: 'socket', note: CLOSED }];
    return on[event.kind] ?? [];
  };
}

function open(script: Script) {
  const bench = new Bench(script);
  const loop = openStream(bench.stream, bench.environment);
  loop.message(request(headers('request', { ':method': 'GET' }), protocol(modes.streamed, modes.streamed)));
  return { bench, loop };
}

describe('a timer of an exchange', () => {
  it('comes back as an event; a new one stops the one before, and the end stops it', () => {
    const { bench, loop } = open(
      socket({ headers: [{ kind: 'timer', ms: 5 }], body: [{ kind: 'timer', ms: 7 }], timer: [] }),
    );
    expect(bench.timers.map(({ ms, cancelled }) => [ms, cancelled])).toEqual([[5, false]]);
    bench.timers[0]?.callback();
    expect(bench.events.at(-1)?.kind).toBe('timer');
    loop.message(request(body('request', 'x')));
    expect(bench.timers.map(({ ms, cancelled }) => [ms, cancelled])).toEqual([
      [5, true],
      [7, false],
    ]);
    loop.cancelled();
    expect(bench.timers[1]?.cancelled).toBe(true);
  });

  it('can be stopped, and one that runs out late changes nothing', () => {
    const { bench, loop } = open(
      socket({ headers: [{ kind: 'timer', ms: 5 }], body: [{ kind: 'timer', ms: undefined }] }),
    );
    loop.message(request(body('request', 'x')));
    expect(bench.timers[0]?.cancelled).toBe(true);
    loop.cancelled();
    bench.timers[0]?.callback();
    expect(bench.events.filter(({ kind }) => kind === 'timer')).toEqual([]);
  });

  it('throws into the guard of its own stream only', () => {
    const bench = new Bench((event) => {
      if (event.kind === 'timer') throw new Error('broken');
      return event.kind === 'headers' ? [{ kind: 'timer', ms: 5 }] : [];
    });
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request'), protocol(modes.streamed, modes.streamed)));
    bench.timers[0]?.callback();
    expect(bench.observer.faults.map(({ place }) => place)).toEqual(['timer']);
    expect(bench.stream.ends.map(({ code }) => code)).toEqual([13]);
  });
});

describe('open sockets', () => {
  it('are told of, counted, and gone with their stream', () => {
    const { bench, loop } = open(socket({}));
    const { sockets } = bench.environment;
    expect(sockets.count).toBe(1);
    expect(bench.observer.sockets).toEqual([OPENED]);
    loop.halfClosed();
    expect(sockets.count).toBe(0);
    expect(bench.observer.sockets).toEqual([OPENED, CLOSED]);
    expect(sockets.end(ID, 'operator')).toBe(false);
  });

  it.each(['operator', 'draining'] as const)('can be ended from outside: %s', (cause) => {
    const { bench } = open(
      socket({ close: [{ kind: 'immediate', response: blocked(503, `tiergate_${cause}`) }] }),
    );
    const { sockets } = bench.environment;
    if (cause === 'operator') expect(sockets.end(ID, cause)).toBe(true);
    else sockets.endAll(cause);
    expect(bench.events.at(-1)).toEqual({ kind: 'close', cause });
    expect(bench.stream.cases.at(-1)).toBe('immediateResponse');
  });
});

describe('random bytes', () => {
  it('come in any number and never twice', () => {
    const random = createRandomSource();
    const seen = new Set<string>();
    for (let count = 0; count < 2_000; count++) seen.add(Buffer.from(random(8)).toString('hex'));
    expect(seen.size).toBe(2_000);
    expect(random(10_000).length).toBe(10_000);
    expect(Buffer.from(random(0)).length).toBe(0);
  });
});

describe('a look-up', () => {
  const LOOK_UP: Effect = {
    kind: 'look_up',
    session: { credential: 'authorization: x', name: 'n' },
    ms: 70,
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const lookedUp = (bench: Bench) => bench.events.filter(({ kind }) => kind === 'looked_up');

  it('comes back as an event', async () => {
    const { bench } = open(socket({ headers: [LOOK_UP] }));
    expect(bench.timers).toMatchObject([{ ms: 70, cancelled: false }]);
    expect(lookedUp(bench)).toEqual([]);
    await settle();
    expect(lookedUp(bench)).toEqual([{ kind: 'looked_up', result: { kind: 'none' } }]);
    expect(bench.timers[0]?.cancelled).toBe(true);
  });

  it('comes back late when its time is over', () => {
    const { bench } = open(socket({ headers: [LOOK_UP] }));
    bench.timers[0]?.callback();
    expect(lookedUp(bench)).toEqual([{ kind: 'looked_up', result: { kind: 'late' } }]);
  });

  it('finds what an earlier socket of the same client has captured', async () => {
    const captured: Effect = { kind: 'socket', note: { kind: 'captured', id: ID, model: 'm' } };
    const { bench, loop } = open(socket({ headers: [LOOK_UP, captured] }));
    loop.cancelled();
    const later = openStream(bench.stream, bench.environment);
    later.message(request(headers('request', {}), protocol(modes.streamed, modes.streamed)));
    await settle();
    expect(lookedUp(bench).at(-1)).toEqual({ kind: 'looked_up', result: { kind: 'found', model: 'm' } });
  });

  it('of a stream that has ended changes nothing', async () => {
    const { bench, loop } = open(socket({ headers: [LOOK_UP] }));
    loop.cancelled();
    await settle();
    expect(lookedUp(bench)).toEqual([]);
    expect(bench.observer.faults).toEqual([]);
  });

  it('throws into the guard of its own stream only', async () => {
    const bench = new Bench((event) => {
      if (event.kind === 'looked_up') throw new Error('broken');
      return event.kind === 'headers' ? [LOOK_UP] : [];
    });
    const loop = openStream(bench.stream, bench.environment);
    loop.message(request(headers('request'), protocol(modes.streamed, modes.streamed)));
    await settle();
    expect(bench.observer.faults.map(({ place }) => place)).toEqual(['look-up']);
  });
});

import { describe, expect, it } from 'vitest';
import { SocketBench } from './bench.ts';
import { ASK, lookedUp, NAMED, PAIRS, socketOf } from './named.ts';

describe('the name of a session', () => {
  it('is looked up with the credential as soon as the handshake has come', () => {
    const bench = socketOf({ status: null });
    expect(bench.lookUps).toEqual([
      {
        kind: 'look_up',
        session: { credential: 'authorization: Bearer sk-one', name: 'the name' },
        ms: 100,
      },
    ]);
    // The handshake itself does not wait.
    expect(bench.replies).toHaveLength(1);
  });

  it.each([
    [
      'the first header that is configured',
      [
        ['x-other', 'b'],
        ['session_id', 'a'],
        ['authorization', 'x'],
      ],
      'a',
    ],
    [
      'the one that is there',
      [
        ['x-other', ' b '],
        ['x-api-key', 'x'],
      ],
      'b',
    ],
  ] as const)('is that of %s', (_, lines, name) => {
    expect(socketOf({ lines }).lookUps).toMatchObject([{ session: { name } }]);
  });

  it('belongs to all credentials of the handshake', () => {
    const lines = [
      ['api-key', 'c'],
      ['x-api-key', ' b'],
      ['authorization', 'a'],
      ['session_id', 'n'],
    ] as const;
    expect(socketOf({ lines }).lookUps).toMatchObject([
      { session: { credential: 'authorization: a\nx-api-key: b\napi-key: c' } },
    ]);
  });

  it.each([
    ['no name', [['authorization', 'x']]],
    [
      'an empty name',
      [
        ['authorization', 'x'],
        ['session_id', ' '],
      ],
    ],
    [
      'two names',
      [
        ['authorization', 'x'],
        ['session_id', 'a'],
        ['session_id', 'a'],
      ],
    ],
    ['no credential', [['session_id', 'a']]],
    [
      'an empty credential',
      [
        ['authorization', ' '],
        ['x-api-key', ''],
        ['session_id', 'a'],
      ],
    ],
  ] as const)('is not looked up with %s', (_, lines) => {
    const bench = socketOf({ lines });
    expect(bench.lookUps).toEqual([]);
    bench.clientSends(ASK);
    expect(bench.upstream).toEqual(ASK);
  });

  it('is not looked up where no header is configured, nor on a path that is not governed', () => {
    expect(new SocketBench({ lines: NAMED }).lookUps).toEqual([]);
    expect(socketOf({ path: '/other' }).lookUps).toEqual([]);
  });

  it.each(PAIRS)('is told by attributes where headers are skipped: $request', (pair) => {
    const told = new Map([
      ['request.path', '/v1/responses'],
      ['request.method', 'GET'],
      ["request.headers['upgrade']", 'websocket'],
      ["request.headers['authorization']", 'Bearer sk-one'],
    ]);
    const without = socketOf({ headers: 'SKIP', attributes: told, ...pair });
    without.clientSends(ASK);
    expect([without.lookUps, without.upstream]).toEqual([[], ASK]);
    const attributes = new Map([...told, ["request.headers['session_id']", 'the name']]);
    const bench = socketOf({ headers: 'SKIP', attributes, ...pair });
    bench.clientSends(ASK);
    expect(bench.lookUps).toMatchObject([
      { session: { credential: 'authorization: Bearer sk-one', name: 'the name' } },
    ]);
    expect(bench.upstream).toHaveLength(0);
    lookedUp(bench, { kind: 'none' });
    expect(bench.upstream).toEqual(ASK);
  });
});

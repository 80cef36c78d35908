import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../../src/storage/redis/url.ts';

function locationOf(url: string): unknown {
  const reading = parseRedisUrl(url, 'store.url');
  return reading.ok ? reading.location : reading.fault;
}

const NOBODY = { username: undefined, password: undefined };

describe('parseRedisUrl', () => {
  it.each([
    [
      'redis://cache',
      { address: { kind: 'single', host: 'cache', port: 6379 }, tls: false, ...NOBODY, database: 0 },
    ],
    [
      'rediss://app:s%40c%2Fr%3At@cache:6380/7',
      {
        address: { kind: 'single', host: 'cache', port: 6380 },
        tls: true,
        username: 'app',
        password: 's@c/r:t',
        database: 7,
      },
    ],
    [
      'redis://:secret@[::1]:7000?db=2',
      {
        address: { kind: 'single', host: '::1', port: 7000 },
        tls: false,
        username: undefined,
        password: 'secret',
        database: 2,
      },
    ],
    [
      'redis+sentinel://u:p@s1,s2:26380,[fe80::1]:1/my-master?db=3',
      {
        address: {
          kind: 'sentinel',
          sentinels: [
            { host: 's1', port: 26379 },
            { host: 's2', port: 26380 },
            { host: 'fe80::1', port: 1 },
          ],
          master: 'my-master',
        },
        tls: false,
        username: 'u',
        password: 'p',
        database: 3,
      },
    ],
    [
      'REDISS+CLUSTER://n1:7001,n2/',
      {
        address: {
          kind: 'cluster',
          nodes: [
            { host: 'n1', port: 7001 },
            { host: 'n2', port: 6379 },
          ],
        },
        tls: true,
        ...NOBODY,
        database: 0,
      },
    ],
  ])('reads %s', (url, location) => {
    expect(locationOf(url)).toEqual(location);
  });

  it.each([
    ['', /is no Redis URL/],
    ['localhost:6379', /is no Redis URL/],
    ['http://localhost', /is no Redis URL/],
    ['redis+cloud://localhost', /is no Redis URL/],
    ['redis://', /no HOST:PORT: number 1/],
    ['redis://host:0', /no HOST:PORT: number 1/],
    ['redis://host:65536', /no HOST:PORT/],
    ['redis://::1', /no HOST:PORT/],
    ['redis://a,b', /several addresses/],
    ['redis://host/one', /database that is no whole number/],
    ['redis://host/1?db=2', /database twice/],
    ['redis://host?ssl=true', /parameter behind the \?/],
    ['redis://host?db=1&db=2', /parameter behind the \?/],
    ['redis://secret@host', /no password before the @/],
    ['redis://user:@host', /no password before the @/],
    ['redis://user:100%@host', /% that begins no/],
    ['redis://user:se/cret@host', /@ or a # behind/],
    ['redis://user:se?cret@host', /@ or a # behind/],
    ['redis://user:se#cret@host', /@ or a # behind/],
    ['redis+sentinel://s1:26379', /names no master/],
    ['redis+sentinel://s1,,s2/m', /number 2/],
    ['redis+cluster://n1/1', /only the number 0/],
    ['redis+cluster://n1?db=1', /only the number 0/],
  ])('refuses %s with its place and a remedy', (url, message) => {
    const reading = parseRedisUrl(url, 'store.url');
    expect(reading.ok ? undefined : reading.fault).toEqual({
      path: 'store.url',
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(/./),
    });
  });

  it('never shows a piece of the password, wherever it is cut', () => {
    const secret = fc.string({ minLength: 6, maxLength: 20 }).filter((text) => !/^[\d\s]*$/.test(text));
    fc.assert(
      fc.property(secret, fc.constantFrom('redis', 'redis+sentinel', 'redis+cluster'), (password, scheme) => {
        const reading = parseRedisUrl(`${scheme}://user:pa55${password}@host:6379/x`, 'store.url');
        if (!reading.ok) expect(JSON.stringify(reading.fault)).not.toContain('pa55');
      }),
    );
  });
});

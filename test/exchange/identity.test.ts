import { describe, expect, test } from 'vitest';
import { credentialShape } from '../../src/exchange/credential.ts';
import { identify } from '../../src/exchange/identity.ts';
import type { IdentitySource } from '../../src/exchange/settings.ts';

type Lines = readonly (readonly [string, string])[];

const linesOf = (lines: Lines) => lines.map(([name, value]) => ({ name, value }));
const token = (claims: unknown) =>
  `Bearer e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
const CHATGPT = token({ 'https://api.openai.com/auth': { chatgpt_account_id: 'x' } });
const OTHER = token({ sub: 'x' });

describe('the shape of a credential', () => {
  test.each<[string, Lines, ReturnType<typeof credentialShape>]>([
    ['nothing', [], undefined],
    ['an API key', [['authorization', 'Bearer sk-proj-1']], 'apikey'],
    ['an API key of Anthropic', [['authorization', 'Bearer sk-ant-api03-1']], 'apikey'],
    ['an access token of Anthropic', [['authorization', 'Bearer sk-ant-oat01-1']], 'oauth'],
    [
      'an access token beside an API key',
      [
        ['authorization', 'Bearer sk-ant-oat01-1'],
        ['x-api-key', 'sk-ant-api03-1'],
      ],
      'disagrees',
    ],
    ['an API key, in another case', [['authorization', 'bearer   sk-1']], 'apikey'],
    ['x-api-key', [['x-api-key', 'whatever']], 'apikey'],
    ['an empty x-api-key', [['x-api-key', ' ']], undefined],
    ['an empty authorization', [['authorization', '']], undefined],
    ['a token of ChatGPT', [['authorization', CHATGPT]], 'oauth'],
    ['another token', [['authorization', OTHER]], undefined],
    [
      'another token with the account header',
      [
        ['authorization', OTHER],
        ['chatgpt-account-id', 'x'],
      ],
      'oauth',
    ],
    ['the account header alone', [['chatgpt-account-id', 'x']], undefined],
    [
      'a key with the account header',
      [
        ['authorization', 'Bearer sk-1'],
        ['chatgpt-account-id', 'x'],
      ],
      'apikey',
    ],
    ['SigV4', [['authorization', 'AWS4-HMAC-SHA256 Credential=x']], 'bedrock'],
    ['another scheme', [['authorization', 'Basic eDp5']], undefined],
    ['a token that is no JSON', [['authorization', 'Bearer a.b.c']], undefined],
    ['a token whose payload is no object', [['authorization', token(null)]], undefined],
    ['a token beyond all measure', [['authorization', `Bearer a.${'b'.repeat(20_000)}.c`]], undefined],
    [
      'the same shape twice',
      [
        ['authorization', 'Bearer sk-1'],
        ['x-api-key', 'k'],
      ],
      'apikey',
    ],
    [
      'two shapes',
      [
        ['authorization', CHATGPT],
        ['x-api-key', 'k'],
      ],
      'disagrees',
    ],
    [
      'a key beside a token that nobody knows',
      [
        ['authorization', OTHER],
        ['x-api-key', 'k'],
      ],
      'disagrees',
    ],
    [
      'two authorization lines',
      [
        ['authorization', 'Bearer sk-1'],
        ['authorization', CHATGPT],
      ],
      'disagrees',
    ],
    [
      'two x-api-key lines',
      [
        ['x-api-key', 'a'],
        ['x-api-key', 'b'],
      ],
      'disagrees',
    ],
  ])('%s', (_, lines, shape) => {
    expect(credentialShape(linesOf(lines))).toBe(shape);
  });
});

describe('scope and user', () => {
  const METADATA: IdentitySource = { kind: 'metadata', key: 'x-tiergate-scope', map: undefined };
  const ATTRIBUTE: IdentitySource = {
    kind: 'attribute',
    expression: 'xds.route_name',
    map: { r1: 'team-a' },
  };
  const DYNAMIC: IdentitySource = { kind: 'dynamic_metadata', namespace: 'jwt', key: 'sub', map: undefined };
  const HEADER: IdentitySource = { kind: 'header', name: 'x-team', map: undefined };
  const SHAPE: IdentitySource = { kind: 'credential_shape', map: { oauth: 'subscription', bedrock: 'aws' } };

  function scopeOf(
    sources: readonly IdentitySource[],
    given: {
      metadata?: Record<string, string>;
      attributes?: Record<string, string>;
      sub?: string;
      headers?: Lines;
      fallback?: string;
    } = {},
  ) {
    const map = (values: Record<string, string> = {}) => new Map(Object.entries(values));
    const dynamicMetadata = given.sub === undefined ? new Map() : new Map([['jwt', map({ sub: given.sub })]]);
    const { scope, scopeEvidence, user } = identify(
      { scope: { sources, default: given.fallback }, user: { sources } },
      {
        metadata: map(given.metadata),
        context: { attributes: map(given.attributes), dynamicMetadata },
        headers: linesOf(given.headers ?? []),
      },
    );
    return [scope.kind === 'known' ? scope.name : undefined, scopeEvidence, user];
  }

  test('come from the first source that says something', () => {
    const sources = [METADATA, ATTRIBUTE, DYNAMIC, HEADER, SHAPE];
    const given = {
      metadata: { 'x-tiergate-scope': ' gold ' },
      attributes: { 'xds.route_name': 'r1' },
      sub: 'ada',
      headers: [
        ['x-team', 'red'],
        ['authorization', CHATGPT],
      ] as const,
    };
    expect(scopeOf(sources, given)).toEqual(['gold', 'metadata:x-tiergate-scope', 'gold']);
    expect(scopeOf(sources.slice(1), given)).toEqual(['team-a', 'attribute:xds.route_name', 'team-a']);
    expect(scopeOf(sources.slice(2), given)).toEqual(['ada', 'dynamic_metadata:jwt:sub', 'ada']);
    expect(scopeOf(sources.slice(3), given)).toEqual(['red', 'header:x-team', 'red']);
    expect(scopeOf(sources.slice(4), given)).toEqual(['subscription', 'credential_shape', 'subscription']);
    expect(scopeOf(sources, { headers: [['x-team', 'red']] })).toEqual(['red', 'header:x-team', 'red']);
  });

  test('are the default, or untold, where nothing does', () => {
    expect(scopeOf([], { fallback: 'apikey' })).toEqual(['apikey', 'default', undefined]);
    expect(scopeOf([METADATA, DYNAMIC])).toEqual([undefined, 'none', undefined]);
    expect(scopeOf([METADATA], { metadata: { 'x-tiergate-scope': ' ' } })).toEqual([
      undefined,
      'none',
      undefined,
    ]);
  });

  test('a value that the map does not hold is no value', () => {
    const given = { attributes: { 'xds.route_name': 'toString' }, headers: [['x-team', 'red']] as const };
    expect(scopeOf([ATTRIBUTE, HEADER], given)).toEqual(['red', 'header:x-team', 'red']);
    expect(
      scopeOf([SHAPE, HEADER], {
        headers: [
          ['x-api-key', 'k'],
          ['x-team', 'red'],
        ],
      })[0],
    ).toBe('red');
  });

  test('evidence that disagrees is untold, and no later source or default hides it', () => {
    const headers = [
      ['x-team', 'red'],
      ['x-team', 'blue'],
      ['authorization', CHATGPT],
    ] as const;
    expect(scopeOf([HEADER, SHAPE], { headers, fallback: 'apikey' })).toEqual([
      undefined,
      'header:x-team disagrees',
      undefined,
    ]);
    expect(
      scopeOf([SHAPE], {
        headers: [
          ['authorization', CHATGPT],
          ['x-api-key', 'k'],
        ],
        fallback: 'x',
      }),
    ).toEqual([undefined, 'credential_shape disagrees', undefined]);
    expect(
      scopeOf([HEADER], {
        headers: [
          ['x-team', 'red'],
          ['x-team', ' red'],
        ],
      })[0],
    ).toBe('red');
  });

  test('a header is read as UTF-8', () => {
    const value = Buffer.from('zoë').toString('latin1');
    expect(scopeOf([HEADER], { headers: [['x-team', value]] })[0]).toBe('zoë');
  });
});

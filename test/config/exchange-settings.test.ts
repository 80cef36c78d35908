import { describe, expect, it } from 'vitest';
import { exchangeSettings } from '../../src/config/exchange-settings.ts';
import { heldTotalBytes, heldTotalWarning, processMemory } from '../../src/config/held-total.ts';
import { nearest } from '../../src/config/nearest.ts';
import { configurationSchema } from '../../src/config/schema.ts';
import { formatBytes } from '../../src/config/values.ts';
import { STRICT } from '../../src/policy/strictness.ts';

describe('exchangeSettings', () => {
  it('fills the process-wide values into each route', () => {
    const settings = configurationSchema.parse({
      strictness: 'strict',
      http: { block_status: 451, unknown_paths: 'block' },
      policy: { enforcement: 'report' },
      routes: [
        { name: 'plain', match: { suffix: '/responses' } },
        {
          name: 'own',
          match: { authority: '*.example.com', envoy_route: 'r' },
          dialect: 'openai-chat',
          filter: 'default',
          block_status: 400,
          enforcement: 'enforce',
          strictness: { unknown_tier: 'refuse' },
          models: { aliases: { 'fast-*': 'gpt-5.5' }, normalize: 'codex' },
          words: { ' Turbo ': 'priority' },
        },
      ],
    });
    const { defaults, routes, unknownPaths } = exchangeSettings(settings);
    expect(unknownPaths).toBe('block');
    expect(defaults).toMatchObject({
      name: 'default',
      blockStatus: 451,
      enforcement: 'report',
      strictness: STRICT,
    });
    expect(routes[0]).toEqual({
      ...defaults,
      name: 'plain',
      match: { suffix: '/responses', prefix: undefined, authority: undefined, envoyRoute: undefined },
    });
    expect(routes[1]).toMatchObject({
      match: { suffix: undefined, authority: '*.example.com', envoyRoute: 'r' },
      dialect: 'openai-chat',
      filter: 'default',
      blockStatus: 400,
      enforcement: 'enforce',
      strictness: { unknown_tier: 'refuse', invalid_tier: 'pass' },
      strictnessName: 'custom',
      models: { aliases: { 'fast-*': 'gpt-5.5' }, normalize: 'codex' },
      words: { turbo: 'priority' },
    });
  });

  it('reads names of headers and metadata in lower case, and an empty default scope as none', () => {
    const settings = configurationSchema.parse({
      identity: { scope: { sources: [{ kind: 'header', name: 'X-Team', map: { a: 'oauth' } }] } },
    });
    const { identity } = exchangeSettings(settings);
    expect(identity.scope).toEqual({
      sources: [{ kind: 'header', name: 'x-team', map: { a: 'oauth' } }],
      default: undefined,
    });
    expect(identity.user.sources).toEqual([{ kind: 'metadata', key: 'x-tiergate-user', map: undefined }]);
  });

  it('carries every limit', () => {
    const limits = {
      body: '1KiB',
      decoded_body: '2KiB',
      decoded_ratio: 3,
      json_depth: 10,
      json_members: 20,
      message: '4KiB',
      fragments: 5,
      sockets: 6,
      provider_wait: '7s',
      client_close_wait: '80ms',
      lookup_wait: '30ms',
    };
    expect(exchangeSettings(configurationSchema.parse({ limits })).limits).toEqual({
      body: 1024,
      decodedBody: 2048,
      decodedRatio: 3,
      jsonDepth: 10,
      jsonMembers: 20,
      message: 4096,
      fragments: 5,
      sockets: 6,
      providerWait: 7_000,
      clientCloseWait: 80,
      lookupWait: 30,
    });
  });

  it('carries the settings of sockets', () => {
    expect(exchangeSettings(configurationSchema.parse({})).websocket).toEqual({
      revision: 'snapshot',
      onBlock: 'close',
      blockStatus: 400,
    });
    const websocket = { revision: 'live', on_block: 'reject_turn', block_status: 409 };
    expect(exchangeSettings(configurationSchema.parse({ websocket })).websocket).toEqual({
      revision: 'live',
      onBlock: 'reject_turn',
      blockStatus: 409,
    });
  });
});

describe('limits.held_total', () => {
  /** What is left to the process itself. */
  const OWN_MEMORY = 192 * 1024 * 1024;
  const limitsOf = (held_total: string) =>
    configurationSchema.parse({ limits: { held_total, body: '1MiB' } }).limits;

  it('is a share of the memory of the process, or a size', () => {
    expect(heldTotalBytes(limitsOf('25%'), OWN_MEMORY + 1000)).toBe(250);
    expect(heldTotalBytes(limitsOf('25%'), 1000)).toBe(0);
    expect(heldTotalBytes(limitsOf('2MiB'), 1000)).toBe(2_097_152);
    expect(processMemory()).toBeGreaterThan(0);
  });

  it('warns where the share cannot hold one body', () => {
    expect(heldTotalWarning(limitsOf('40%'), OWN_MEMORY + 2 ** 21)).toMatch(
      /819.2KiB of the 194MiB .* less than limits.body \(1MiB\)/,
    );
    expect(heldTotalWarning(limitsOf('50%'), OWN_MEMORY + 2 ** 21)).toBeUndefined();
  });
});

describe('nearest names and sizes in words', () => {
  it.each([
    ['blok_status', 'block_status'],
    ['Block-Status', 'block_status'],
    ['block_statsu', 'block_status'],
    ['zzz', undefined],
    ['x'.repeat(100), undefined],
  ])('nearest(%s) is %s', (word, expected) => {
    expect(nearest(word, ['unknown_paths', 'block_status'])).toBe(expected);
  });

  it.each([
    [12, '12 bytes'],
    [1024, '1KiB'],
    [1_572_864, '1.5MiB'],
    [2 ** 31, '2GiB'],
  ])('formatBytes(%d) is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
